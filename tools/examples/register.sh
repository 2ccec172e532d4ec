#!/usr/bin/env bash
# Registers a record with openssl and curl: no SDK, no protobuf library. Written from docs/SPEC.md, whose sections are named.
# Needs bash, openssl 3, curl, and what every Linux has (od, sed, tail, base64, date).
set -euo pipefail
export LC_ALL=C

usage() {
  cat <<'END'
Registers a record with openssl and curl only, and fetches its receipt.

  register.sh --node URL --genesis-digest HEX --key FILE --passphrase-file FILE --type TYPE --id ID
              (--content TEXT | --content-file FILE) [--ca FILE] [--media-type TYPE] [--reason TEXT] [-o FILE]

  --node             the node's address for clients, https://HOST:PORT
  --ca               PEM file of the authority that signed the node's certificate (default: the system's)
  --genesis-digest   the ledger to sign for, from a source you trust; 64 hexadecimal digits
  --key              the officer's key, encrypted PKCS#8 as "govchain key new" writes it
  --type, --id       the record
  --content, --content-file   its payload
  --media-type       of the payload (default: application/json)
  --reason           why (optional)
  -o                 where the receipt goes (default: receipt.json)

Exit codes: 0 registered, 1 refused by the ledger or not reached, 2 the command line is wrong.
END
}

die() { printf '%s\n' "$2" >&2; exit "$1"; }

ca=() media_type=application/json reason='' receipt=receipt.json content_file=''
node='' digest='' key='' passphrase='' type='' id=''
scratch=$(mktemp -d)
trap 'rm -rf "$scratch"' EXIT

while [ $# -gt 0 ]; do
  case $1 in
    -h | --help) usage; exit 0 ;;
    --*|-o) [ $# -ge 2 ] || die 2 "$1 needs a value. See --help." ;;
    *) die 2 "$1 is not understood. See --help." ;;
  esac
  case $1 in
    --node) node=${2%/} ;;
    --ca) ca=(--cacert "$2") ;;
    --genesis-digest) digest=$2 ;;
    --key) key=$2 ;;
    --passphrase-file) passphrase=$2 ;;
    --type) type=$2 ;;
    --id) id=$2 ;;
    --content) printf '%s' "$2" > "$scratch/content"; content_file=$scratch/content ;;
    --content-file) content_file=$2 ;;
    --media-type) media_type=$2 ;;
    --reason) reason=$2 ;;
    -o) receipt=$2 ;;
    *) die 2 "$1 is not understood. See --help." ;;
  esac
  shift 2
done
for name in node digest key passphrase type id content_file; do
  [ -n "${!name}" ] || die 2 "--${name//_/-} is missing. See --help."
done
[[ $node == https://* ]] || die 2 "--node: an address as https://HOST:PORT is expected."
[[ $digest =~ ^[0-9a-f]{64}$ ]] || die 2 "--genesis-digest: 64 lower-case hexadecimal digits are expected."
for file in "$key" "$passphrase" "$content_file"; do
  [ -r "$file" ] || die 2 "$file cannot be read."
done

# --- bytes are strings of hexadecimal digits here, two a byte ---

hex() { od -An -v -tx1 | tr -d ' \n'; }
unhex() { printf '%b' "$(sed 's/../\\x&/g')"; }
hex_of() { printf '%s' "$1" | hex; }

# --- SPEC "Wire profile": fields ascend, a field at its default is left out ---

varint() { # NUMBER
  local rest=$1
  while [ "$rest" -ge 128 ]; do
    printf '%02x' $((rest & 127 | 128))
    rest=$((rest >> 7))
  done
  printf '%02x' "$rest"
}

number() { [ "$2" -eq 0 ] || { varint $(($1 << 3)); varint "$2"; }; }                       # FIELD NUMBER
message() { varint $(($1 << 3 | 2)); varint $((${#2} / 2)); printf '%s' "$2"; }              # FIELD HEX
bytes() { [ -z "$2" ] || message "$1" "$2"; }                                                # FIELD HEX

# --- SPEC "Transaction": the body, by the numbers of "Messages" ---

openssl ec -in "$key" -passin "file:$passphrase" -pubout -conv_form compressed -outform DER \
  > "$scratch/public.der" 2> "$scratch/error" || die 2 "$key cannot be opened: $(tail -n 1 "$scratch/error")"
# SubjectPublicKeyInfo of a compressed point; the object identifier in it is secp256k1's.
[[ $(hex < "$scratch/public.der") == 3036301006072a8648ce3d020106052b8104000a032200* ]] || die 2 "$key is no key of secp256k1."
signer=$(tail -c 33 "$scratch/public.der" | hex)

record=$(bytes 1 "$(hex_of "$type")"; bytes 2 "$(hex_of "$id")")
inline=$(bytes 1 "$(hex_of "$media_type")"; bytes 2 "$(hex < "$content_file")")
change=$(message 1 "$record"; message 3 "$(message 1 "$inline")"; bytes 4 "$(hex_of "$reason")")
expires_at_ms=$(($(date +%s) * 1000 + 600000))
body=$(
  number 1 1                        # format_version
  number 2 1                        # algorithm: ECDSA over secp256k1 with SHA-256
  bytes 3 "$digest"                 # chain_id
  bytes 4 "$signer"
  bytes 5 "$(openssl rand -hex 16)" # nonce
  number 6 "$expires_at_ms"
  message 16 "$change"              # register; expected_version 0 is left out
)

# --- the signature: over SHA-256(tag | body), r and s of 32 bytes each, s at most half of the group's order ---

printf '%s' "$(hex_of govchain/tx/v1)0000$body" | unhex > "$scratch/signed"
openssl dgst -sha256 -sign "$key" -passin "file:$passphrase" -out "$scratch/signature.der" "$scratch/signed" 2> "$scratch/error" \
  || die 2 "$key cannot sign: $(tail -n 1 "$scratch/error")"

integers=$(openssl asn1parse -inform DER -in "$scratch/signature.der" | sed -n 's/.*INTEGER *:\([0-9A-F]*\).*/\1/p')
pad() { printf '%64s' "$1" | tr ' A-F' '0a-f'; }
r=$(pad "$(sed -n 1p <<< "$integers")")
s=$(pad "$(sed -n 2p <<< "$integers")")

order=fffffffffffffffffffffffffffffffebaaedce6af48a03bbfd25e8cd0364141
half=7fffffffffffffffffffffffffffffff5d576e7357a4501ddfe92f46681b20a0

subtract() { # A B, 64 digits each, A > B: eight digits at a time from the right
  local at difference borrow=0 result=''
  for at in 56 48 40 32 24 16 8 0; do
    difference=$((16#${1:at:8} - 16#${2:at:8} - borrow))
    borrow=$((difference < 0))
    result=$(printf '%08x' $((difference + (borrow << 32))))$result
  done
  printf '%s' "$result"
}

if [[ $s > $half ]]; then s=$(subtract "$order" "$s"); fi

# --- the envelope, and docs/API.md "Submit" ---

envelope=$(bytes 1 "$body"; bytes 2 "$r$s")
transaction=$(openssl dgst -sha256 -r "$scratch/signed" | cut -c 1-64)

call() { # PATH CURL-ARGUMENTS...: the answer on standard output, an error's sentence on standard error
  local path=$1 status
  shift
  # A node waits for the commit for 30 s, and a receipt has at most 2 MiB: more is no node's answer.
  status=$(ulimit -f 2048; curl -sS "${ca[@]}" --connect-timeout 10 --max-time 60 -o "$scratch/answer" -w '%{http_code}' "$@" "$node$path" \
    2> "$scratch/error") || die 1 "$node cannot be reached, or did not answer as a node does: $(head -n 1 "$scratch/error")"
  [ "$status" = 200 ] || die 1 "$node refused (HTTP $status): $(head -c 2000 "$scratch/answer")"
  cat "$scratch/answer"
}

printf '{"envelope":"%s","waitFor":"COMMITTED"}' "$(printf '%s' "$envelope" | unhex | base64 -w 0)" > "$scratch/request"
answer=$(call /v1/transactions -H 'Content-Type: application/json' --data-binary "@$scratch/request")
[[ $answer == *"\"transactionId\":\"$transaction\""* || $answer == *"\"transactionId\": \"$transaction\""* ]] \
  || die 1 "The node answered for another transaction: ${answer:0:2000}"
[[ $answer =~ \"status\":\ *\"COMMITTED_DURABLY\" ]] || die 1 "The node did not say that it is recorded: ${answer:0:2000}"

call "/v1/transactions/$transaction/receipt" > "$scratch/receipt"
mv "$scratch/receipt" "$receipt"
printf 'registered %s/%s as transaction %s; receipt: %s\n' "$type" "$id" "$transaction" "$receipt"
# So says the node. The proof is the receipt, which a verifier checks against the genesis digest: tools/verifier, or "govchain receipt verify".
