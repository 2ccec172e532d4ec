using GovChain.Core.Cryptography;
using GovChain.Protos.V1;

namespace GovChain.Consensus;

/// <summary>
/// What a node that lacks something wants to know of others next. Whoever drives the questions asks, waits, puts in what came, and
/// goes on to the next one; where nothing came in time, nothing is put in.
/// </summary>
public abstract class LedgerQuestion
{
    /// <summary>From the question to the answer, microseconds of a clock that does not jump.</summary>
    public long TookUs { get; set; }
}

/// <summary>Which snapshots do these hold? All are asked at once.</summary>
/// <param name="sources">Whom to ask.</param>
public sealed class OffersQuestion(IReadOnlyList<int> sources) : LedgerQuestion
{
    /// <summary>Whom to ask.</summary>
    public IReadOnlyList<int> Sources => sources;

    /// <summary>What each of them answered; null for no answer.</summary>
    public SnapshotResponse?[] Answers { get; } = new SnapshotResponse?[sources.Count];
}

/// <summary>A part of a snapshot.</summary>
/// <param name="source">Whom to ask.</param>
/// <param name="request">The part.</param>
public sealed class PartQuestion(int source, SnapshotRequest request) : LedgerQuestion
{
    /// <summary>Whom to ask.</summary>
    public int Source => source;

    /// <summary>The part.</summary>
    public SnapshotRequest Request => request;

    /// <summary>What came; nothing of it is believed.</summary>
    public SnapshotResponse? Answer { get; set; }
}

/// <summary>Stored blocks from a height on.</summary>
/// <param name="source">Whom to ask.</param>
/// <param name="firstHeight">The first of them.</param>
/// <param name="count">How many at most, 1 to <see cref="CatchUp.RangeBlocks"/>: see <see cref="BlockSource.Range"/>.</param>
public sealed class BlocksQuestion(int source, ulong firstHeight, int count = CatchUp.RangeBlocks) : LedgerQuestion
{
    /// <summary>Whom to ask.</summary>
    public int Source => source;

    /// <summary>The first block.</summary>
    public ulong FirstHeight => firstHeight;

    /// <summary>How many blocks at most.</summary>
    public int Count => count;

    /// <summary>What came; nothing of it is believed.</summary>
    public BlockRange? Answer { get; set; }
}

/// <summary>Transactions of a proposed block.</summary>
/// <param name="source">Whom to ask.</param>
/// <param name="height">The block's.</param>
/// <param name="leaves">The leaf hashes of those that are wanted.</param>
public sealed class BodiesQuestion(int source, ulong height, IReadOnlyList<Digest> leaves) : LedgerQuestion
{
    /// <summary>Whom to ask.</summary>
    public int Source => source;

    /// <summary>The block's height.</summary>
    public ulong Height => height;

    /// <summary>What is wanted, by leaf hash.</summary>
    public IReadOnlyList<Digest> Leaves => leaves;

    /// <summary>The envelopes that came; nothing of them is believed.</summary>
    public IReadOnlyList<ReadOnlyMemory<byte>>? Answer { get; set; }
}

/// <summary>Stored blocks as a peer sends them.</summary>
/// <param name="FirstHeight">The first height that was asked for.</param>
/// <param name="Blocks">The blocks.</param>
/// <param name="TipHeight">How far the peer's ledger goes, as it says.</param>
/// <param name="WholeFrom">The first block that it has, as it says.</param>
public sealed record BlockRange(ulong FirstHeight, IReadOnlyList<FetchedBlock> Blocks, ulong TipHeight, ulong WholeFrom);
