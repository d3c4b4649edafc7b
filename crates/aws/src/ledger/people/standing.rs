//! Pausing and resuming, exempting and ending, and what is known about accounts.

use aws_sdk_dynamodb::types::ReturnValue;
use jiff::Timestamp;
use rectify_controls::{AccountFacts, AccountId, Exemption, Reach, Switch};

use super::Wanted;
use crate::{
    AwsFailure,
    ledger::{
        Ledger,
        expression::{Edit, number, text},
        row::{Row, exemption_key, standing_key, switch_key},
        standing::{EXEMPTIONS, SWITCHES, exempted},
        store::{Refused, Rows},
        transaction::unbuilt,
        types::moment,
    },
};

/// The sort key of an account's place in the organisation.
const ACCOUNT: &str = "account";

impl Ledger {
    /// Pauses corrections: from the next claim on, everywhere. `None` when it is done; a switch that is there already stays
    /// as it is, and is given back.
    ///
    /// # Errors
    /// [`AwsFailure`] when the ledger cannot be written.
    pub async fn pause(&self, switch: &Switch) -> Result<Option<Switch>, AwsFailure> {
        let (pk, sk) = switch_key(&switch.reach);
        let at = number(switch.paused_at.as_millisecond());
        let edit = Edit::default()
            .set("reason", text(&switch.reason))
            .set("by", text(&switch.by))
            .set("paused_at", at.clone())
            .set("feed", text(SWITCHES))
            .set("at", at)
            .when("attribute_not_exists(#pk)");
        let there = match self.write(&pk, &sk, edit, ReturnValue::None).await {
            Ok(_) => return Ok(None),
            Err(Refused::Failed(failure)) => return Err(failure),
            Err(Refused::Condition(Some(row))) => row.switch()?,
            Err(Refused::Condition(None)) => match self.get(&pk, &sk).await? {
                Some(row) => row.switch()?,
                // Resumed by somebody else in this moment: their word is the last.
                None => return Err(AwsFailure::from(Refused::Condition(None))),
            },
        };
        // Our own first sending, whose answer was lost; the row has whole milliseconds.
        let ours = Switch { paused_at: moment(switch.paused_at.as_millisecond()), ..switch.clone() };
        Ok((there != ours).then_some(there))
    }

    /// Ends a pause. The switch that was there; `None` when nothing was paused.
    ///
    /// # Errors
    /// [`AwsFailure`] when the ledger cannot be written.
    pub async fn resume(&self, reach: &Reach) -> Result<Option<Switch>, AwsFailure> {
        let (pk, sk) = switch_key(reach);
        self.delete(&pk, &sk).await?.map(|row| row.switch()).transpose()
    }

    /// Everything that is paused, by what it holds back. A switch of one account may be listed a moment late.
    ///
    /// # Errors
    /// [`AwsFailure`] when the ledger cannot be read, or a row is not as we write them.
    pub async fn switches(&self) -> Result<Vec<Switch>, AwsFailure> {
        let rows = self.everywhere(SWITCHES, "switch#").await?;
        let mut switches = rows.iter().map(Row::switch).collect::<Result<Vec<_>, _>>()?;
        switches.sort_by(|a, b| a.reach.cmp(&b.reach));
        Ok(switches)
    }

    /// Adds an exemption, which must be a row's: from the next event on.
    ///
    /// # Errors
    /// [`AwsFailure`] when the ledger cannot be written, or has another exemption with this id.
    pub async fn exempt(&self, exemption: &Exemption) -> Result<(), AwsFailure> {
        let (pk, sk, edit) = exempted(exemption)?;
        let edit = edit.when("attribute_not_exists(#exemption) OR #exemption = :exemption");
        self.write(&pk, &sk, edit, ReturnValue::None).await.map(drop).map_err(AwsFailure::from)
    }

    /// Ends an exemption now. Its row stays as long as that of one that ended by itself, so that it can be seen who was
    /// exempt when. As it now stands; `None` when there is none with this id, or it had ended.
    ///
    /// # Errors
    /// [`AwsFailure`] when the ledger cannot be written, or somebody else changed the exemption at the same time.
    pub async fn end_exemption(&self, id: &str) -> Result<Option<Exemption>, AwsFailure> {
        let sk = exemption_key(id);
        let row = match self.get(&standing_key(None), &sk).await? {
            Some(row) => Some(row),
            None => {
                let feed = self.listed(EXEMPTIONS, Timestamp::MIN, Timestamp::MAX, Wanted::default(), usize::MAX);
                match feed.await?.into_iter().find(|listed| listed.sk == sk) {
                    Some(listed) => self.get(&listed.pk, &sk).await?,
                    None => None,
                }
            }
        };
        let Some(row) = row else { return Ok(None) };
        let (mut exemption, stands, now) = (row.exemption()?, row.text("exemption")?, self.now());
        if exemption.until <= now {
            return Ok(None);
        }
        exemption.until = now;
        let (pk, sk, edit) = exempted(&exemption)?;
        let edit = edit.when("#exemption = :stands").bind("stands", text(stands));
        self.write(&pk, &sk, edit, ReturnValue::None).await?;
        Ok(Some(exemption))
    }

    /// Every exemption in the table, also those that ended, the last to end first. One of a single account may be listed a
    /// moment late.
    ///
    /// # Errors
    /// [`AwsFailure`] when the ledger cannot be read, or a row is not as we write them.
    pub async fn exemptions(&self) -> Result<Vec<Exemption>, AwsFailure> {
        let rows = self.everywhere(EXEMPTIONS, "exemption#").await?;
        let mut exemptions = rows.iter().map(Row::exemption).collect::<Result<Vec<_>, _>>()?;
        exemptions.sort_by_key(|exemption| std::cmp::Reverse(exemption.until));
        Ok(exemptions)
    }

    /// Writes down where an account is in the organisation, unless something newer is there.
    ///
    /// # Errors
    /// [`AwsFailure`] when the ledger cannot be written.
    pub async fn put_account(&self, account: &AccountId, facts: &AccountFacts) -> Result<(), AwsFailure> {
        let json = serde_json::to_string(facts).map_err(|error| unbuilt(&error))?;
        let edit = Edit::default()
            .set("facts", text(json))
            .set("read_at", number(facts.read_at.as_millisecond()))
            .when("attribute_not_exists(#read_at) OR #read_at <= :read_at");
        match self.write(&standing_key(Some(account)), ACCOUNT, edit, ReturnValue::None).await {
            Ok(_) | Err(Refused::Condition(_)) => Ok(()),
            Err(Refused::Failed(failure)) => Err(failure),
        }
    }

    /// Where an account is in the organisation, as last written down.
    ///
    /// # Errors
    /// [`AwsFailure`] when the ledger cannot be read, or the row is not as we write it.
    pub async fn account(&self, account: &AccountId) -> Result<Option<AccountFacts>, AwsFailure> {
        self.get(&standing_key(Some(account)), ACCOUNT).await?.map(|row| row.account_facts()).transpose()
    }

    /// The rows of a kind: those of all accounts as of now, those of single ones as the index lists them.
    async fn everywhere(&self, feed: &str, prefix: &str) -> Result<Vec<Row>, AwsFailure> {
        let all = standing_key(None);
        let (mut rows, mut listed) = futures::try_join!(
            self.partition(&all, Rows::Prefix(prefix)),
            self.listed(feed, Timestamp::MIN, Timestamp::MAX, Wanted::default(), usize::MAX),
        )?;
        listed.retain(|listed| listed.pk != all);
        rows.extend(self.rows(&listed).await?);
        Ok(rows)
    }
}
