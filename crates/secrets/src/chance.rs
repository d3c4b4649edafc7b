//! Whether characters look as if chance had chosen them.

use zeroize::Zeroizing;

/// Shannon entropy of `bytes` in bits per byte.
pub(crate) fn entropy(bytes: &[u8]) -> f64 {
    let mut counts = Zeroizing::new([0_u32; 256]);
    for byte in bytes {
        if let Some(count) = counts.get_mut(usize::from(*byte)) {
            *count = count.saturating_add(1);
        }
    }
    let total = f64::from(u32::try_from(bytes.len()).unwrap_or(u32::MAX));
    let share = |count: &u32| f64::from(*count) / total;
    counts.iter().filter(|count| **count > 0).map(share).map(|share| -share * share.log2()).sum()
}

/// How often neighbours are of different sorts: lower case, upper case, digit, other. Words and camel case change seldom.
pub(crate) fn turns(bytes: &[u8]) -> usize {
    let sort = |byte: u8| match byte {
        b'a'..=b'z' => 0,
        b'A'..=b'Z' => 1,
        b'0'..=b'9' => 2,
        _ => 3_u8,
    };
    bytes.iter().zip(bytes.iter().skip(1)).filter(|(left, right)| sort(**left) != sort(**right)).count()
}

/// Words that stand where a secret should: whoever wrote them meant none. In lower case.
const STAND_INS: &[&[u8]] = &[
    b"example",
    b"placeholder",
    b"redacted",
    b"changeme",
    b"change_me",
    b"dummy",
    b"sample",
    b"your",
    b"fake",
    b"insert",
    b"xxxxx",
    b"00000",
    b"11111",
    b"aaaaa",
    b"*****",
    b".....",
    b"12345",
    b"23456",
    b"34567",
    b"45678",
    b"56789",
    b"67890",
    b"abcde",
    b"bcdef",
    b"fghij",
    b"qwert",
    b"asdfg",
    b"deadbeef",
    b"dec0de",
    b"c0ffee",
];

/// Whether `bytes` are a stand-in for a secret: a word that says so, a run of the same, a count.
pub(crate) fn stands_in(bytes: &[u8]) -> bool {
    let says = |word: &[u8]| bytes.windows(word.len()).any(|part| part.eq_ignore_ascii_case(word));
    STAND_INS.iter().any(|word| says(word)) || repeats(bytes)
}

/// Whether `bytes` say the same at least twice over.
fn repeats(bytes: &[u8]) -> bool {
    let bytes = bytes.strip_suffix(b"==").unwrap_or(bytes);
    let most = (bytes.len() / 2).min(64);
    (1..=most).any(|period| bytes.iter().zip(bytes.iter().skip(period)).all(|(one, next)| one == next))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_word_turns_seldom_and_a_key_often() {
        assert!(turns(b"com/amazonaws/services/s3/AmazonS3Client") < 15);
        assert!(turns(b"wJalrXUtnFEMI/K7MDENG/bPxRfiCYzR9+aLm3Qe") >= 15);
        assert!(entropy(b"aaaaaaaa") < 0.1);
        assert!((entropy(b"abcdefgh") - 3.0).abs() < 1e-9);
    }

    /// What the bounds in [`crate::aws`] cost: of 200,000 random secrets, fewer than one in a thousand is taken for a word.
    #[test]
    fn random_secrets_look_random() {
        const ALPHABET: &[u8] = b"ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789+/";
        let mut state = 0x2545_F491_4F6C_DD1D_u64;
        let mut missed = 0;
        for _ in 0..200_000 {
            let secret: Vec<u8> = (0..40)
                .map(|_| {
                    state ^= state << 13;
                    state ^= state >> 7;
                    state ^= state << 17;
                    ALPHABET[(state % 64) as usize]
                })
                .collect();
            missed += usize::from(!crate::aws::looks_random(&secret));
        }
        assert!(missed < 200, "{missed} of 200000 missed");
    }
}
