using GovChain.Core.Cryptography;

namespace GovChain.Core.Model;

/// <summary>
/// Sixteen ASCII bytes, zero-padded, in front of everything that is hashed or signed, so that bytes meant for one
/// purpose never mean anything for another (docs/SPEC.md, "Domain tags"). Frozen: a changed meaning gets a new tag.
/// </summary>
public static class DomainTag
{
    /// <summary>Length of every tag in bytes.</summary>
    public const int Size = 16;

    /// <summary>Before a transaction body: transaction id, which is also the digest the officer signs.</summary>
    public static ReadOnlySpan<byte> Transaction => "govchain/tx/v1\0\0"u8;

    /// <summary>Before a header: block hash.</summary>
    public static ReadOnlySpan<byte> Header => "govchain/hdr/v1\0"u8;

    /// <summary>Before a vote's content.</summary>
    public static ReadOnlySpan<byte> Vote => "govchain/vote/v1"u8;

    /// <summary>Before a validator set.</summary>
    public static ReadOnlySpan<byte> ValidatorSet => "govchain/set/v1\0"u8;

    /// <summary>Before the parameters' state value.</summary>
    public static ReadOnlySpan<byte> Parameters => "govchain/prm/v1\0"u8;

    /// <summary>Before a genesis body: chain id.</summary>
    public static ReadOnlySpan<byte> Genesis => "govchain/gen/v1\0"u8;

    /// <summary>Before the chain id in leaf 0.</summary>
    public static ReadOnlySpan<byte> GenesisLeaf => "govchain/lf0/v1\0"u8;

    /// <summary>Before the chain id in a department's signature on the genesis.</summary>
    public static ReadOnlySpan<byte> GenesisSignature => "govchain/gsg/v1\0"u8;

    /// <summary>Before a joining body in the signatures of the keys that it names.</summary>
    public static ReadOnlySpan<byte> Joining => "govchain/jng/v1\0"u8;

    /// <summary>Before the statement that binds a TLS key to a ledger key.</summary>
    public static ReadOnlySpan<byte> TlsBinding => "govchain/tls/v1\0"u8;

    /// <summary>Before a piece of evidence: its id.</summary>
    public static ReadOnlySpan<byte> Evidence => "govchain/evd/v1\0"u8;

    /// <summary>Before the chain id and a membership change in the signatures on it.</summary>
    public static ReadOnlySpan<byte> Membership => "govchain/mbr/v1\0"u8;

    /// <summary>Before a read token, without its signature: the token's id, which the officer signs.</summary>
    public static ReadOnlySpan<byte> ReadToken => "govchain/rdt/v1\0"u8;

    /// <summary>Before a reader statement without its signature and the hash of the TLS key: what the officer signs.</summary>
    public static ReadOnlySpan<byte> ReaderStatement => "govchain/rst/v1\0"u8;

    /// <summary>Before the hash of the entry before and an entry of the read log: the entry's hash.</summary>
    public static ReadOnlySpan<byte> ReadLog => "govchain/rlg/v1\0"u8;

    /// <summary>SHA-256(tag | data).</summary>
    public static Digest Hash(ReadOnlySpan<byte> tag, ReadOnlySpan<byte> data) => Sha256.Hash(tag, data);
}
