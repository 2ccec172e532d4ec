using GovChain.Consensus;
using GovChain.Core.Cryptography;
using GovChain.Core.Model;
using GovChain.Protos.V1;
using Transaction = GovChain.Core.Model.Transaction;

namespace GovChain.Tests.Simulation;

/// <summary>What travels between processes.</summary>
internal abstract record Frame;

/// <summary>
/// The bytes of a consensus message. What they decode to is the same for every receiver, so it is decoded once.
/// </summary>
internal sealed record ConsensusFrame(byte[] Bytes) : Frame
{
    private bool _decoded;
    private ConsensusMessage? _message;

    /// <summary>The type byte; 0 when there is none.</summary>
    public byte Kind => Bytes.Length > 1 ? Bytes[1] : (byte)0;

    /// <summary>The message, or null if the bytes are none.</summary>
    public ConsensusMessage? Message
    {
        get
        {
            if (!_decoded)
                ConsensusMessageCodec.TryDecode(Bytes, out _message);
            _decoded = true;
            return _message;
        }
    }
}

/// <summary>Envelopes for the pool; likewise decoded and verified once.</summary>
internal sealed record EnvelopesFrame(IReadOnlyList<ReadOnlyMemory<byte>> Envelopes) : Frame
{
    private (Transaction Decoded, VerifiedTransaction? Verified)[]? _transactions;

    /// <summary>Those that can be decoded, with the proof of the signature where it holds.</summary>
    public IReadOnlyList<(Transaction Decoded, VerifiedTransaction? Verified)> Read(Stage stage)
    {
        if (_transactions is not null)
            return _transactions;
        var decoded = new List<Transaction>(Envelopes.Count);
        foreach (ReadOnlyMemory<byte> envelope in Envelopes)
        {
            if (TransactionDecoder.TryDecode(envelope, stage.Chain.ChainId, out _) is { } transaction)
                decoded.Add(transaction);
        }
        VerifiedTransaction?[] verified = VerifiedTransaction.VerifyAll(decoded, stage.Keys);
        return _transactions = [.. decoded.Zip(verified)];
    }
}

/// <summary>Asks for the bodies of a block.</summary>
/// <param name="Id">Comes back in the answer.</param>
/// <param name="Leaves">Those that are wanted.</param>
internal sealed record BodyRequest(ulong Id, IReadOnlyList<Digest> Leaves) : Frame;

/// <summary>Those of them that are held.</summary>
internal sealed record BodyResponse(ulong Id, IReadOnlyList<ReadOnlyMemory<byte>> Envelopes) : Frame;

/// <summary>Asks for stored blocks from a height on.</summary>
/// <param name="First">The height.</param>
/// <param name="Count">How many at most.</param>
/// <param name="Id">Comes back in the answer.</param>
internal sealed record BlockRequest(ulong First, int Count, ulong Id) : Frame;

/// <summary>Stored blocks from a height on, how far the ledger goes, and from which block on it is whole.</summary>
internal sealed record BlockResponse(
    ulong First, IReadOnlyList<FetchedBlock> Blocks, ulong TipHeight, ulong WholeFrom, ulong Id) : Frame;

/// <summary>Asks for a part of a snapshot, or which there are.</summary>
/// <param name="Id">Comes back in the answer.</param>
/// <param name="Request">The part. Nobody changes it.</param>
internal sealed record SnapshotAsk(ulong Id, SnapshotRequest Request) : Frame;

/// <summary>The part.</summary>
internal sealed record SnapshotGiven(ulong Id, SnapshotResponse Response) : Frame;
