using System.Runtime.CompilerServices;
using GovChain.Core.Cryptography;

namespace GovChain.Core.Model;

/// <summary>
/// What a quorum signs: the position of a block in the chain, the log after it and the state after it
/// (docs/SPEC.md, "Header"). It contains neither view nor signatures, so a block proposed again in a later view
/// keeps its hash.
/// </summary>
public sealed class BlockHeader : IEquatable<BlockHeader>
{
    /// <summary>Length of the encoding in bytes.</summary>
    public const int Size = 268;

    /// <summary>The layout's version.</summary>
    public const ushort FormatVersion = 1;

    /// <summary>The proposer of header 0, which nobody proposed.</summary>
    public const ushort NoProposer = ushort.MaxValue;

    private StrongBox<Digest>? _hash; // threads meet here, and a digest by itself is written in several steps

    /// <summary>The genesis digest.</summary>
    public required Digest ChainId { get; init; }

    /// <summary>0 for the genesis block.</summary>
    public required ulong Height { get; init; }

    /// <summary>Hash of the header before; zero at height 0.</summary>
    public required Digest ParentHash { get; init; }

    /// <summary>Counts changes of the validator set.</summary>
    public required ulong Epoch { get; init; }

    /// <summary><see cref="ValidatorSet.Hash"/> of the set that certifies this block.</summary>
    public required Digest ValidatorSetHash { get; init; }

    /// <summary>The set that certifies the next block.</summary>
    public required Digest NextValidatorSetHash { get; init; }

    /// <summary>The epoch of the next block: one ends with the block that names another set for the next one.</summary>
    public ulong NextEpoch => NextValidatorSetHash == ValidatorSetHash ? Epoch : Epoch + 1;

    /// <summary>UTC milliseconds; greater than the parent's.</summary>
    public required ulong TimestampMs { get; init; }

    /// <summary>Index in the validator set of the department that built the block.</summary>
    public required ushort Proposer { get; init; }

    /// <summary>Leaves in the log before this block: the position of its first transaction.</summary>
    public required ulong LogSizeBefore { get; init; }

    /// <summary>Leaves in the log after this block.</summary>
    public required ulong LogSizeAfter { get; init; }

    /// <summary>Root of the log after this block.</summary>
    public required Digest LogRoot { get; init; }

    /// <summary>Root of the state after this block.</summary>
    public required Digest StateRoot { get; init; }

    /// <summary>SHA-256(parameters tag | parameters' state value) as they stood before this block.</summary>
    public required Digest ParametersHash { get; init; }

    /// <summary>SHA-256(header tag | encoding): the block hash. Computed once.</summary>
    public Digest Hash
    {
        get
        {
            if (_hash is { } known)
                return known.Value;
            Span<byte> bytes = stackalloc byte[Size];
            Write(bytes);
            Digest hash = DomainTag.Hash(DomainTag.Header, bytes);
            _hash = new StrongBox<Digest>(hash);
            return hash;
        }
    }

    /// <summary>Writes the 268 bytes.</summary>
    public void Write(Span<byte> destination)
    {
        var w = new BigEndianWriter(destination);
        w.U16(FormatVersion);
        w.Digest(ChainId);
        w.U64(Height);
        w.Digest(ParentHash);
        w.U64(Epoch);
        w.Digest(ValidatorSetHash);
        w.Digest(NextValidatorSetHash);
        w.U64(TimestampMs);
        w.U16(Proposer);
        w.U64(LogSizeBefore);
        w.U64(LogSizeAfter);
        w.Digest(LogRoot);
        w.Digest(StateRoot);
        w.Digest(ParametersHash);
    }

    /// <summary>The 268 bytes.</summary>
    public byte[] ToBytes()
    {
        byte[] bytes = new byte[Size];
        Write(bytes);
        return bytes;
    }

    /// <summary>Reads exactly 268 bytes of a known version; null for anything else.</summary>
    public static BlockHeader? TryRead(ReadOnlySpan<byte> bytes)
    {
        var r = new BigEndianReader(bytes);
        if (r.U16() != FormatVersion)
            return null;
        var header = new BlockHeader
        {
            ChainId = r.Digest(),
            Height = r.U64(),
            ParentHash = r.Digest(),
            Epoch = r.U64(),
            ValidatorSetHash = r.Digest(),
            NextValidatorSetHash = r.Digest(),
            TimestampMs = r.U64(),
            Proposer = r.U16(),
            LogSizeBefore = r.U64(),
            LogSizeAfter = r.U64(),
            LogRoot = r.Digest(),
            StateRoot = r.Digest(),
            ParametersHash = r.Digest(),
        };
        return r.AtEnd ? header : null;
    }

    /// <summary>The same header with what executing its transactions gives.</summary>
    internal BlockHeader WithResult(in Digest nextValidatorSet, ulong logSizeAfter, in Digest logRoot, in Digest stateRoot) => new()
    {
        ChainId = ChainId,
        Height = Height,
        ParentHash = ParentHash,
        Epoch = Epoch,
        ValidatorSetHash = ValidatorSetHash,
        NextValidatorSetHash = nextValidatorSet,
        TimestampMs = TimestampMs,
        Proposer = Proposer,
        LogSizeBefore = LogSizeBefore,
        LogSizeAfter = logSizeAfter,
        LogRoot = logRoot,
        StateRoot = stateRoot,
        ParametersHash = ParametersHash,
    };

    /// <summary>Equal hashes mean equal headers.</summary>
    public bool Equals(BlockHeader? other) => other is not null && Hash == other.Hash;

    /// <inheritdoc/>
    public override bool Equals(object? obj) => Equals(obj as BlockHeader);

    /// <inheritdoc/>
    public override int GetHashCode() => Hash.GetHashCode();
}
