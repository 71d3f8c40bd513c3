#!/usr/bin/env bash
# Builds one release archive: dist/build.sh [TARGET] (default: x86_64-unknown-linux-musl, a static binary).
#
# target/dist/drplan-VERSION-TARGET.tar.gz (.zip for Windows) holds the binary, completions, man pages, the licence and the software bill of
# materials; a .sha256 file is beside it. The `dist` profile optimises across crates, so that a build takes several minutes.
set -euo pipefail
cd "$(dirname "$0")/.."
target=${1:-x86_64-unknown-linux-musl}
# The version of the tool that writes the bill of materials.
cyclonedx=0.5.9

rustup target list --installed | grep -qx "$target" || rustup target add "$target"
case $target in
  *-musl)
    # ring compiles C. A musl compiler is preferred; on the same architecture the system's compiler is sufficient, since ring calls no function of the C library.
    compiler=$(command -v "${target%%-*}-linux-musl-gcc" || command -v musl-gcc || command -v cc)
    variable=CC_$(tr - _ <<<"$target")
    export "$variable=${!variable:-$compiler}"
    ;;
esac

version=$(cargo pkgid --locked | sed 's/.*[#@]//')
commit=$(git rev-parse --short=12 HEAD)
[ -z "$(git status --porcelain --untracked-files=no)" ] || commit=$commit-dirty
export DRPLAN_COMMIT=$commit
cargo build --profile dist --locked --target "$target"

name=drplan-$version-$target
out=target/dist
rm -rf "${out:?}/$name"
mkdir -p "$out/$name/completions" "$out/$name/man"
exe=drplan
case $target in *-windows-*) exe=drplan.exe ;; esac
cp "target/$target/dist/$exe" "$out/$name/"
cp LICENSE NOTICE README.md CHANGELOG.md "$out/$name/"

# Completions and man pages are the same for every target: where the binary cannot run here, one built for this machine writes them.
native=$out/$name/$exe
if ! "$native" --version >/dev/null 2>&1; then
  cargo build --locked
  native=target/debug/drplan
fi
for shell in bash zsh fish powershell elvish; do
  "$native" completions "$shell" >"$out/$name/completions/drplan.$shell"
done
"$native" man --out "$out/$name/man"

if ! cargo cyclonedx --version 2>/dev/null | grep -q "$cyclonedx"; then
  cargo install --locked --quiet cargo-cyclonedx --version "$cyclonedx"
fi
cargo cyclonedx --format json --spec-version 1.5 --target "$target" --override-filename drplan.cdx --quiet
mv drplan.cdx.json "$out/$name/"

cd "$out"
case $target in
  *-windows-*) archive=$name.zip; rm -f "$archive"; 7z a -bso0 "$archive" "$name" ;;
  # Same commit, same bytes of the archive's headers: times, owners and order do not depend on the machine.
  *) archive=$name.tar.gz
     if tar --version 2>/dev/null | grep -q GNU; then
       tar --sort=name --owner=0 --group=0 --numeric-owner --mtime="@$(git log -1 --format=%ct)" -cf - "$name" | gzip -n >"$archive"
     else
       tar -czf "$archive" "$name"
     fi ;;
esac
if command -v sha256sum >/dev/null; then sha256sum "$archive"; else shasum -a 256 "$archive"; fi | tee "$archive.sha256"
