//! Forms of logins: user names, passwords, SSH keys.

use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;

use crate::kinds::form::Form;

/// User names that Azure refuses on every machine (source: the description of `adminUsername` in Azure's REST API).
const RESERVED: &[&str] = &[
    "1",
    "123",
    "a",
    "actuser",
    "adm",
    "admin",
    "admin1",
    "admin2",
    "administrator",
    "aspnet",
    "backup",
    "console",
    "david",
    "guest",
    "john",
    "owner",
    "root",
    "server",
    "sql",
    "support",
    "support_388945a0",
    "sys",
    "test",
    "test1",
    "test2",
    "test3",
    "user",
    "user1",
    "user2",
    "user3",
    "user4",
    "user5",
];

fn user_fault(text: &str, most: usize) -> Option<String> {
    let count = text.chars().count();
    if RESERVED.iter().any(|reserved| reserved.eq_ignore_ascii_case(text)) {
        return Some("is reserved".to_owned());
    }
    if count == 0 || count > most {
        return Some(format!("has {count} characters, and Azure accepts 1 to {most}"));
    }
    let odd = text.chars().find(|c| r#"\/"[]:|<>+=;,?*@"#.contains(*c) || c.is_control() || *c == ' ');
    odd.map(|odd| format!("contains `{}`, which a user name may not", odd.escape_default()))
}

/// Administrator of a Linux machine.
pub static LINUX_USER: Form = Form::new(
    "a user name that is not reserved, as in \"operator\"",
    &["operator", "another"],
    "InvalidParameter",
    |text| {
        if text.starts_with(['$', '-']) {
            return Some("begins with `$` or `-`".to_owned());
        }
        user_fault(text, 64)
    },
);

/// Administrator of a Windows machine.
pub static WINDOWS_USER: Form = Form::new(
    "a user name that is not reserved, as in \"operator\"",
    &["operator", "another"],
    "InvalidParameter",
    |text| {
        if text.ends_with('.') {
            return Some("ends with `.`".to_owned());
        }
        user_fault(text, 20)
    },
);

/// The host name of a Windows machine, or the beginning of host names.
fn computer_fault(text: &str) -> Option<String> {
    let odd = text.chars().find(|c| r##"\/"[]:|<>+=;,?*@&~!#$%^'(){}_ "##.contains(*c));
    odd.map(|odd| format!("contains `{odd}`, which a host name may not"))
}

/// Host name of a Windows machine (source: Azure's naming rules for virtual machines).
pub static WINDOWS_COMPUTER: Form =
    Form::new("a host name, as in \"web-1\"", &["example", "another"], "InvalidParameter", |text| {
        if text.ends_with(['-', '.']) {
            return Some("ends with `-` or `.`".to_owned());
        }
        if !text.is_empty() && text.bytes().all(|byte| byte.is_ascii_digit()) {
            return Some("consists of digits only".to_owned());
        }
        computer_fault(text)
    });

/// Host name of a Linux machine (source: as above).
pub static LINUX_COMPUTER: Form =
    Form::new("a host name, as in \"web-1\"", &["example", "another"], "InvalidParameter", |text| {
        if text.ends_with(['-', '.']) {
            return Some("ends with `-` or `.`".to_owned());
        }
        computer_fault(text)
    });

/// Beginning of the host names of a scale set. Azure appends the instance's number.
pub static COMPUTER_PREFIX: Form = Form::new(
    "the beginning of a host name, as in \"web-\"",
    &["example", "another"],
    "InvalidParameter",
    computer_fault,
);

/// Passwords that satisfy the rules, and that Azure refuses all the same (source: the description of `adminPassword`
/// in Azure's REST API).
const KNOWN: &[&str] = &[
    "abc@123",
    "iloveyou!",
    "P@$$w0rd",
    "P@ssw0rd",
    "P@ssword123",
    "Pa$$word",
    "pass@word1",
    "Password!",
    "Password1",
    "Password22",
];

/// The reason why a password is refused, without the password and without its length.
fn password_fault(text: &str, least: usize, most: usize) -> Option<String> {
    if !(least..=most).contains(&text.chars().count()) {
        return Some(format!("does not have {least} to {most} characters"));
    }
    let has = |of: fn(char) -> bool| usize::from(text.chars().any(of));
    let kinds =
        has(|c| c.is_lowercase()) + has(|c| c.is_uppercase()) + has(|c| c.is_numeric()) + has(|c| !c.is_alphanumeric());
    if kinds < 3 {
        return Some("needs three of: lower case, upper case, digits, other characters".to_owned());
    }
    KNOWN.contains(&text).then(|| "is on the list of passwords that Azure refuses".to_owned())
}

/// Password of a Linux machine.
pub static LINUX_PASSWORD: Form = Form::new(
    "a password of 6 to 72 characters, of three kinds: lower case, upper case, digits, others",
    &["an example, n0t a secret", "another, n0t a secret"],
    "InvalidParameter",
    |text| password_fault(text, 6, 72),
);

/// Password of a Windows machine.
pub static WINDOWS_PASSWORD: Form = Form::new(
    "a password of 8 to 123 characters, of three kinds: lower case, upper case, digits, others",
    &["an example, n0t a secret", "another, n0t a secret"],
    "InvalidParameter",
    |text| password_fault(text, 8, 123),
);

/// Password of a database server (source: Microsoft's pages on password policy of Azure SQL and PostgreSQL).
pub static SERVER_PASSWORD: Form = Form::new(
    "a password of 8 to 128 characters, of three kinds: lower case, upper case, digits, others",
    &["an example, n0t a secret", "another, n0t a secret"],
    "PasswordNotComplex",
    |text| password_fault(text, 8, 128),
);

fn reserved(text: &str, words: &[&str]) -> Option<String> {
    if text.is_empty() || text.len() > 128 {
        return Some("does not have 1 to 128 characters".to_owned());
    }
    words.iter().any(|word| word.eq_ignore_ascii_case(text)).then(|| "is reserved".to_owned())
}

/// Administrator of a SQL server (source: Microsoft's page on the creation of a logical server).
pub static SQL_LOGIN: Form = Form::new(
    "a login that is not reserved, as in \"sqladmin\"",
    &["sqladmin", "another"],
    "InvalidParameterValue",
    |text| {
        let reserved_words =
            ["admin", "administrator", "sa", "root", "dbmanager", "loginmanager", "dbo", "guest", "public"];
        reserved(text, &reserved_words)
    },
);

/// Administrator of a PostgreSQL server (source: azurerm's validation of `administrator_login`).
pub static POSTGRES_LOGIN: Form = Form::new(
    "a login that is not reserved, as in \"pgadmin\"",
    &["pgadmin", "another"],
    "InvalidParameterValue",
    |text| {
        if text.to_ascii_lowercase().starts_with("pg_") {
            return Some("begins with `pg_`".to_owned());
        }
        let words = ["azure_superuser", "azure_pg_admin", "admin", "administrator", "root", "guest", "public"];
        reserved(text, &words)
    },
);

/// Public key for SSH: RSA of at least 2048 bits or Ed25519 (source: azurerm's documentation of `public_key`, and
/// Microsoft's page on SSH keys). White space around a key, and line ends in it, do not matter.
pub static SSH_KEY: Form = Form::new(
    "an SSH public key, as in \"ssh-ed25519 AAAA… operator\"",
    &[
        "ssh-ed25519 AAAAC3NzaC1lZDI1NTE5AAAAIExampleExampleExampleExampleExampleExampleE example",
        "ssh-ed25519 AAAAC3NzaC1lZDI1NTE5AAAAIExampleExampleExampleExampleExampleExampleE another",
    ],
    "InvalidParameter",
    ssh_fault,
)
.normal(|text| text.chars().filter(|c| !matches!(c, '\r' | '\n')).collect::<String>().trim().to_owned());

fn ssh_fault(text: &str) -> Option<String> {
    let no_key = || Some("is no SSH public key".to_owned());
    let mut words = text.split_whitespace();
    let (Some(type_), Some(data)) = (words.next(), words.next()) else { return no_key() };
    let Ok(data) = STANDARD.decode(data) else { return no_key() };
    let mut rest = data.as_slice();
    let mut next = || -> Option<KeyPart<'_>> {
        let (length, after) = rest.split_at_checked(4)?;
        let length = usize::try_from(u32::from_be_bytes(length.try_into().ok()?)).ok()?;
        let (data, after) = after.split_at(length.min(after.len()));
        rest = after;
        Some(KeyPart { length, data })
    };
    let (Some(inner), Some(second), third) = (next(), next(), next()) else { return no_key() };
    if inner.length != type_.len() || inner.data != type_.as_bytes() {
        return no_key();
    }
    match (type_, third) {
        ("ssh-ed25519", None) if second.length == 32 && rest.is_empty() => None,
        ("ssh-rsa", Some(modulus)) if rest.is_empty() => {
            let bits = modulus.bits();
            (bits < 2048).then(|| format!("is an RSA key of {bits} bits, and Azure needs 2048"))
        }
        ("ssh-ed25519" | "ssh-rsa", _) => no_key(),
        _ => Some("is neither an RSA key nor an Ed25519 key".to_owned()),
    }
}

/// A part of a key. One that is cut off has fewer bytes than it announces: that Azure notices this is not confirmed.
struct KeyPart<'a> {
    length: usize,
    data: &'a [u8],
}

impl KeyPart<'_> {
    /// The number of significant bits.
    fn bits(&self) -> usize {
        let significant = self.data.iter().enumerate().find(|(_, byte)| **byte != 0);
        significant.map_or(0, |(at, byte)| 8 * (self.length - at) - byte.leading_zeros() as usize)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    /// A key in OpenSSH's form from its parts.
    fn key(parts: &[&[u8]]) -> String {
        let mut data = Vec::new();
        for part in parts {
            data.extend(u32::try_from(part.len()).unwrap_or_default().to_be_bytes());
            data.extend(*part);
        }
        format!("{} {} example", String::from_utf8_lossy(parts[0]), STANDARD.encode(data))
    }

    #[test]
    fn ssh_keys_are_rsa_or_ed25519() {
        let ok = |text: &str| SSH_KEY.read(text).is_ok();
        let good = key(&[b"ssh-ed25519", &[7; 32]]);
        assert!(ok(&good));
        assert_eq!(SSH_KEY.read(&format!("{good}\r\n")), Ok(good.clone()));
        assert!(ok(&key(&[b"ssh-rsa", &[1, 0, 1], &[0x80; 256]])));
        assert!(!ok(&key(&[b"ssh-rsa", &[1, 0, 1], &[0x80; 128]])), "1024 bits");
        let announced = [b"\0\0\0\x07ssh-rsa".as_slice(), b"\0\0\0\x01\x03", b"\0\0\x01\x01\0\xbb"].concat();
        assert!(ok(&format!("ssh-rsa {} cut off", STANDARD.encode(announced))), "a key of which the end is missing");
        assert!(!ok(&key(&[b"ecdsa-sha2-nistp256", b"nistp256", &[4; 65]])));
        assert!(!ok(&key(&[b"ssh-ed25519", &[7; 31]])) && !ok("ssh-ed25519 AAAA") && !ok("a key") && !ok(""));
        assert!(!ok(&good.replacen("ssh-ed25519", "ssh-rsa", 1)), "another type than that of the data");
    }

    #[test]
    fn users_and_passwords_follow_the_rules_of_the_system() {
        let ok = |form: &Form, text: &str| form.read(text).is_ok();
        assert!(ok(&LINUX_USER, "operator") && !ok(&LINUX_USER, "Root") && !ok(&LINUX_USER, "-x"));
        assert!(ok(&LINUX_USER, &"a".repeat(21)) && !ok(&WINDOWS_USER, &"a".repeat(21)) && !ok(&WINDOWS_USER, "b."));
        assert!(!ok(&LINUX_USER, "a b") && !ok(&LINUX_USER, ""));
        assert!(ok(&LINUX_PASSWORD, "aB3456") && !ok(&WINDOWS_PASSWORD, "aB3456") && !ok(&LINUX_PASSWORD, "abcdef1"));
        assert!(!ok(&WINDOWS_PASSWORD, "P@ssw0rd") && !ok(&SERVER_PASSWORD, "short"));
        assert!(!ok(&SQL_LOGIN, "SA") && !ok(&POSTGRES_LOGIN, "pg_x") && ok(&POSTGRES_LOGIN, "pgadmin"));
        assert!(!ok(&WINDOWS_COMPUTER, "123") && ok(&LINUX_COMPUTER, "123") && !ok(&LINUX_COMPUTER, "web_1"));
    }
}
