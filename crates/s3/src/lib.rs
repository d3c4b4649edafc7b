//! Between the SDK's types for S3 and the rule book's facts: what more than one guard reads and writes.
//!
//! **Architecture invariant:** no call is made here, and nothing is decided.

use aws_sdk_s3::{
    error::BuildError, operation::get_bucket_ownership_controls::GetBucketOwnershipControlsOutput, types,
};
use rectify_controls::s3_bucket::{Acl, BlockFlags, Grant, Grantee, ObjectOwnership};

/// A missing flag is off (PublicAccessBlockConfiguration, S3 API reference).
#[must_use]
pub fn block(flags: &types::PublicAccessBlockConfiguration) -> BlockFlags {
    BlockFlags {
        block_public_acls: flags.block_public_acls.unwrap_or_default(),
        ignore_public_acls: flags.ignore_public_acls.unwrap_or_default(),
        block_public_policy: flags.block_public_policy.unwrap_or_default(),
        restrict_public_buckets: flags.restrict_public_buckets.unwrap_or_default(),
    }
}

/// The same, as S3 Control has it.
#[must_use]
pub fn control_block(flags: &aws_sdk_s3control::types::PublicAccessBlockConfiguration) -> BlockFlags {
    BlockFlags {
        block_public_acls: flags.block_public_acls.unwrap_or_default(),
        ignore_public_acls: flags.ignore_public_acls.unwrap_or_default(),
        block_public_policy: flags.block_public_policy.unwrap_or_default(),
        restrict_public_buckets: flags.restrict_public_buckets.unwrap_or_default(),
    }
}

/// The ACL of a bucket or of an object.
#[must_use]
pub fn acl(owner: Option<&types::Owner>, grants: &[types::Grant]) -> Acl {
    let permission = |grant: &types::Grant| grant.permission.as_ref().map(|word| word.as_str().to_owned());
    Acl {
        owner_id: owner.and_then(|owner| owner.id.clone()),
        owner_name: owner.and_then(|owner| owner.display_name.clone()),
        grants: grants
            .iter()
            .map(|grant| Grant {
                grantee: grantee(grant.grantee.as_ref()),
                permission: permission(grant).unwrap_or_default(),
            })
            .collect(),
    }
}

/// To whom a grant is made.
#[must_use]
pub fn grantee(grantee: Option<&types::Grantee>) -> Grantee {
    let Some(grantee) = grantee else { return Grantee::Unknown { kind: String::new() } };
    let kind = grantee.r#type.as_str();
    match (kind, &grantee.uri, &grantee.id, &grantee.email_address) {
        ("Group", Some(uri), _, _) => Grantee::Group { uri: uri.clone() },
        ("CanonicalUser", _, Some(id), _) => Grantee::Canonical { id: id.clone(), name: grantee.display_name.clone() },
        ("AmazonCustomerByEmail", _, _, Some(address)) => Grantee::Email { address: address.clone() },
        _ => Grantee::Unknown { kind: kind.to_owned() },
    }
}

/// Object ownership; `None` where a bucket has no ownership controls.
///
/// # Errors
/// A word that a fact cannot hold.
pub fn ownership(answer: &GetBucketOwnershipControlsOutput) -> Result<Option<ObjectOwnership>, String> {
    let Some(rule) = answer.ownership_controls.as_ref().and_then(|controls| controls.rules.first()) else {
        return Ok(None);
    };
    match rule.object_ownership.as_str() {
        "BucketOwnerEnforced" => Ok(Some(ObjectOwnership::BucketOwnerEnforced)),
        "BucketOwnerPreferred" => Ok(Some(ObjectOwnership::BucketOwnerPreferred)),
        "ObjectWriter" => Ok(Some(ObjectOwnership::ObjectWriter)),
        other => Err(format!("unknown object ownership `{other}`")),
    }
}

/// Why an ACL has no exact form in a request.
#[derive(Debug, thiserror::Error)]
pub enum Unwritable {
    /// A grant to something this release does not know.
    #[error("a grant to `{0}` cannot be written back")]
    Grantee(String),
    /// A part that S3 requires is missing.
    #[error(transparent)]
    Incomplete(#[from] BuildError),
}

/// The ACL as it is written.
///
/// # Errors
/// [`Unwritable`]: what cannot be written exactly is not written at all.
pub fn write_acl(acl: &Acl) -> Result<types::AccessControlPolicy, Unwritable> {
    let owner = types::Owner::builder().set_id(acl.owner_id.clone()).set_display_name(acl.owner_name.clone()).build();
    let grants = acl.grants.iter().map(|grant| {
        let permission = types::Permission::from(grant.permission.as_str());
        Ok(types::Grant::builder().grantee(write_grantee(&grant.grantee)?).permission(permission).build())
    });
    let grants = grants.collect::<Result<Vec<_>, Unwritable>>()?;
    Ok(types::AccessControlPolicy::builder().owner(owner).set_grants(Some(grants)).build())
}

/// The same ACL without display names, which S3 may take offence at since it stopped giving any; `None` when it has none.
#[must_use]
pub fn without_names(acl: &Acl) -> Option<Acl> {
    let grants = acl.grants.iter().map(|grant| match &grant.grantee {
        Grantee::Canonical { id, .. } => {
            Grant { grantee: Grantee::Canonical { id: id.clone(), name: None }, permission: grant.permission.clone() }
        }
        _ => grant.clone(),
    });
    let bare = Acl { owner_id: acl.owner_id.clone(), owner_name: None, grants: grants.collect() };
    (bare != *acl).then_some(bare)
}

/// To whom a grant is made, as it is written.
///
/// # Errors
/// As [`write_acl`].
pub fn write_grantee(grantee: &Grantee) -> Result<types::Grantee, Unwritable> {
    let builder = types::Grantee::builder();
    let builder = match grantee {
        Grantee::Group { uri } => builder.r#type(types::Type::Group).uri(uri),
        Grantee::Canonical { id, name } => {
            builder.r#type(types::Type::CanonicalUser).id(id).set_display_name(name.clone())
        }
        Grantee::Email { address } => builder.r#type(types::Type::AmazonCustomerByEmail).email_address(address),
        Grantee::Unknown { kind } => return Err(Unwritable::Grantee(kind.clone())),
    };
    Ok(builder.build()?)
}
