//! Functions over address ranges, IPv4 and IPv6.

use std::net::{IpAddr, Ipv4Addr, Ipv6Addr};

use crate::value::Value;

use super::{Function, FunctionError, ParamType, int, param, pure, text};

pub(super) const FUNCTIONS: &[Function] = &[
    pure(
        "cidrhost",
        &[PREFIX, param("hostnum", ParamType::Int)],
        cidrhost,
        "The address with this number in the range; negative counts from its end.",
    ),
    pure("cidrnetmask", &[PREFIX], cidrnetmask, "The mask of an IPv4 range."),
    pure(
        "cidrsubnet",
        &[PREFIX, param("newbits", ParamType::Int), param("netnum", ParamType::Int)],
        cidrsubnet,
        "The range with this number among those that are longer by a number of bits.",
    ),
    pure(
        "cidrsubnets",
        &[PREFIX],
        cidrsubnets,
        "Consecutive ranges within the range, each longer by a number of bits.",
    )
    .and_more(param("newbits", ParamType::Int)),
];

const PREFIX: super::Param = param("prefix", ParamType::Text);

/// A range of addresses: its first address and the length of its prefix.
#[derive(Clone, Copy)]
struct NetworkRange {
    first: u128,
    length: u32,
    /// The bits of an address: 32 or 128.
    bits: u32,
}

impl NetworkRange {
    fn read(args: &[Value]) -> Result<Self, FunctionError> {
        let written = text(args, 0);
        let wrong = |why: &str| {
            FunctionError::arg(0, format!("`{written}` is not an address range: {why}"))
                .help("Write it like `10.0.0.0/16`.")
        };
        let (address, length) = written.split_once('/').ok_or_else(|| wrong("it has no `/`"))?;
        let address: IpAddr = address.parse().map_err(|_| wrong("its address is wrong"))?;
        let (first, bits) = match address {
            IpAddr::V4(address) => (u128::from(u32::from(address)), 32),
            IpAddr::V6(address) => (u128::from(address), 128),
        };
        let plain = !length.is_empty() && length.bytes().all(|byte| byte.is_ascii_digit());
        let length = length.parse().ok().filter(|length| plain && *length <= bits);
        let length = length.ok_or_else(|| wrong(&format!("its length must be between 0 and {bits}")))?;
        let range = Self { first, length, bits };
        Ok(Self { first: range.first & !range.host_mask(), ..range })
    }

    /// The bits that are free within the range.
    fn host_mask(self) -> u128 {
        1_u128.checked_shl(self.bits - self.length).map_or(u128::MAX, |size| size - 1)
    }

    fn address(self, number: u128) -> String {
        if self.bits == 32 {
            u32::try_from(number).map_or_else(|_| String::new(), |number| Ipv4Addr::from(number).to_string())
        } else {
            Ipv6Addr::from(number).to_string()
        }
    }

    fn text(self) -> String {
        format!("{}/{}", self.address(self.first), self.length)
    }

    /// The length of ranges that are so many bits longer.
    fn longer(self, args: &[Value], at: usize) -> Result<u32, FunctionError> {
        let new_bits = int(args, at).unwrap_or_default();
        u32::try_from(new_bits)
            .ok()
            .and_then(|new| self.length.checked_add(new))
            .filter(|length| *length <= self.bits)
            .ok_or_else(|| {
                let left = self.bits - self.length;
                FunctionError::arg(
                    at,
                    format!(
                        "a prefix of length {} can be extended by 0 to {left} bits, not by {new_bits}",
                        self.length
                    ),
                )
            })
    }
}

fn cidrhost(args: &[Value]) -> Result<Value, FunctionError> {
    let range = NetworkRange::read(args)?;
    let wanted = int(args, 1).unwrap_or_default();
    let mask = range.host_mask();
    let offset = u128::from(wanted.unsigned_abs());
    let host = if wanted < 0 { mask.checked_sub(offset - 1) } else { Some(offset) };
    host.filter(|host| *host <= mask)
        .map(|host| range.address(range.first | host).into())
        .ok_or_else(|| FunctionError::arg(1, format!("the range `{}` has no address number {wanted}", range.text())))
}

fn cidrnetmask(args: &[Value]) -> Result<Value, FunctionError> {
    let range = NetworkRange::read(args)?;
    if range.bits != 32 {
        return Err(FunctionError::arg(0, "only IPv4 ranges have a mask"));
    }
    Ok(range.address(!range.host_mask() & u128::from(u32::MAX)).into())
}

fn cidrsubnet(args: &[Value]) -> Result<Value, FunctionError> {
    let range = NetworkRange::read(args)?;
    let length = range.longer(args, 1)?;
    let wanted = int(args, 2).unwrap_or_default();
    let new_bits = length - range.length;
    let number = u128::try_from(wanted).ok().filter(|number| number.checked_shr(new_bits).unwrap_or(0) == 0);
    let number = number.ok_or_else(|| {
        FunctionError::arg(
            2,
            format!("{new_bits} bits number 2^{new_bits} ranges, from 0; the maximum is below {wanted}"),
        )
    })?;
    let first = range.first | number.checked_shl(range.bits - length).unwrap_or(0);
    Ok(NetworkRange { first, length, ..range }.text().into())
}

fn cidrsubnets(args: &[Value]) -> Result<Value, FunctionError> {
    let range = NetworkRange::read(args)?;
    let last = range.first | range.host_mask();
    // The first address that is still free; `None` where the range is used up.
    let mut free = Some(range.first);
    let mut out = Vec::with_capacity(args.len());
    for at in 1..args.len() {
        let length = range.longer(args, at)?;
        let part = NetworkRange { length, ..range };
        let mask = part.host_mask();
        // A range starts at a multiple of its size.
        let first = free.and_then(|free| free.checked_add(mask)).map(|end| end & !mask).filter(|first| *first <= last);
        let first = first.ok_or_else(|| FunctionError::arg(at, format!("no room left in `{}`", range.text())))?;
        free = (first | mask).checked_add(1);
        out.push(NetworkRange { first, ..part }.text().into());
    }
    Ok(out.into())
}
