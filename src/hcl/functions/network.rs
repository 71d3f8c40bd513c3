//! Functions over address ranges, IPv4 and IPv6.

use crate::ranges::{Cidr, CidrError};
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

fn read(args: &[Value]) -> Result<Cidr, FunctionError> {
    let written = text(args, 0);
    Cidr::parse(written).map_err(|fault| {
        let why = match fault {
            CidrError::NoSlash => "it has no `/`".to_owned(),
            CidrError::Address => "its address is wrong".to_owned(),
            CidrError::NoLength(most) | CidrError::TooLong(most) => format!("its length must be between 0 and {most}"),
        };
        FunctionError::arg(0, format!("`{written}` is not an address range: {why}"))
            .help("Write it like `10.0.0.0/16`.")
    })
}

/// The length of ranges that are so many bits longer.
fn longer(range: Cidr, args: &[Value], at: usize) -> Result<u32, FunctionError> {
    let new_bits = int(args, at).unwrap_or_default();
    u32::try_from(new_bits)
        .ok()
        .and_then(|new| range.length().checked_add(new))
        .filter(|length| *length <= range.bits())
        .ok_or_else(|| {
            let (length, left) = (range.length(), range.bits() - range.length());
            let fault = format!("a prefix of length {length} can be extended by 0 to {left} bits, not by {new_bits}");
            FunctionError::arg(at, fault)
        })
}

fn cidrhost(args: &[Value]) -> Result<Value, FunctionError> {
    let range = read(args)?;
    let wanted = int(args, 1).unwrap_or_default();
    let mask = range.host_mask();
    let offset = u128::from(wanted.unsigned_abs());
    let host = if wanted < 0 { mask.checked_sub(offset - 1) } else { Some(offset) };
    host.filter(|host| *host <= mask)
        .map(|host| range.address(range.first() | host).into())
        .ok_or_else(|| FunctionError::arg(1, format!("the range `{}` has no address number {wanted}", range.text())))
}

fn cidrnetmask(args: &[Value]) -> Result<Value, FunctionError> {
    let range = read(args)?;
    if range.is_v6() {
        return Err(FunctionError::arg(0, "only IPv4 ranges have a mask"));
    }
    Ok(range.address(!range.host_mask() & u128::from(u32::MAX)).into())
}

fn cidrsubnet(args: &[Value]) -> Result<Value, FunctionError> {
    let range = read(args)?;
    let length = longer(range, args, 1)?;
    let wanted = int(args, 2).unwrap_or_default();
    let new_bits = length - range.length();
    let number = u128::try_from(wanted).ok().filter(|number| number.checked_shr(new_bits).unwrap_or(0) == 0);
    let number = number.ok_or_else(|| {
        FunctionError::arg(
            2,
            format!("{new_bits} bits number 2^{new_bits} ranges, from 0; the maximum is below {wanted}"),
        )
    })?;
    let first = range.first() | number.checked_shl(range.bits() - length).unwrap_or(0);
    Ok(range.with(first, length).text().into())
}

fn cidrsubnets(args: &[Value]) -> Result<Value, FunctionError> {
    let range = read(args)?;
    let last = range.first() | range.host_mask();
    // The first address that is still free; `None` where the range is used up.
    let mut free = Some(range.first());
    let mut out = Vec::with_capacity(args.len());
    for at in 1..args.len() {
        let length = longer(range, args, at)?;
        let mask = range.with(range.first(), length).host_mask();
        // A range starts at a multiple of its size.
        let first = free.and_then(|free| free.checked_add(mask)).map(|end| end & !mask).filter(|first| *first <= last);
        let first = first.ok_or_else(|| FunctionError::arg(at, format!("no room left in `{}`", range.text())))?;
        free = (first | mask).checked_add(1);
        out.push(range.with(first, length).text().into());
    }
    Ok(out.into())
}
