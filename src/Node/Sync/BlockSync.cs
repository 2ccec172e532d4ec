using System.Threading.Channels;
using Google.Protobuf;
using GovChain.Consensus;
using GovChain.Core.Cryptography;
using GovChain.Core.Execution;
using GovChain.Core.Model;
using GovChain.Node.Consensus;
using GovChain.Node.Ledger;
using GovChain.Node.Peers;
using GovChain.Node.Pool;
using GovChain.Node.Snapshots;
using GovChain.Protos.V1;
using GovChain.Storage;

namespace GovChain.Node.Sync;

/// <summary>
/// Catch-up: fetches ranges of stored blocks, checks the chain of headers and every certificate first, then the
/// envelopes, then executes each block and compares its roots, and has the driver store it. What it decides is
/// <see cref="CatchUp"/>'s.
/// </summary>
/// <remarks>One task works; the next range is fetched from another peer while one is being executed.</remarks>
internal sealed class BlockSync(
    ValidatorSet validators,
    LedgerHead ledger,
    IPeerNetwork network,
    ISignatureVerifier certificateVerifier,
    BatchVerifier verifier,
    ConsensusDriver driver,
    PeerProgress progress,
    TimeProvider time,
    Action<Exception> fatal,
    LedgerSalvage? salvage,
    SnapshotSync? snapshots = null)
{
    private static readonly TimeSpan Pause = TimeSpan.FromMilliseconds(CatchUp.PauseMs);

    /// <summary>Stands for a validator: what was salvaged is checked like anybody's.</summary>
    private const int Salvage = -1;

    private readonly CatchUp _catchUp = new(ledger.ChainId, validators, certificateVerifier); // its lock, too
    private readonly HashSet<ulong> _unsalvageable = [];
    private readonly Channel<bool> _wake = Channel.CreateBounded<bool>(
        new BoundedChannelOptions(1) { FullMode = BoundedChannelFullMode.DropWrite });
    private readonly CancellationTokenSource _stop = new();
    private Ahead? _ahead;

    /// <summary>Blocks behind the highest that somebody needs or has shown a certificate for.</summary>
    public ulong Lag
    {
        get
        {
            ulong target = Math.Max(Target, progress.HighestTip);
            ulong tip = ledger.Tip.Height;
            return target > tip ? target - tip : 0;
        }
    }

    /// <summary>Who certifies the next block is not known here: the next epoch's sync goes on.</summary>
    private bool IsEpochOver => ledger.Tip.NextValidatorSetHash != validators.Hash;

    private ulong Target
    {
        get
        {
            lock (_catchUp)
                return _catchUp.Target;
        }
    }

    /// <summary>Asks for blocks up to a height, from a validator first.</summary>
    public void Request(NeedBlocks need)
    {
        lock (_catchUp)
            _catchUp.Need(need.UpToHeight, need.Hint);
        _wake.Writer.TryWrite(true);
    }

    /// <summary>
    /// A department seems to be in a later epoch, which nothing here can prove: what it has is fetched as long as there is
    /// more of it, up to the end of this epoch. A snapshot of what comes after proves itself.
    /// </summary>
    /// <param name="department">The department.</param>
    /// <param name="height">Where it says it is.</param>
    public void Follow(string department, ulong height)
    {
        Volatile.Write(ref _ahead, new Ahead(department, height));
        _wake.Writer.TryWrite(true);
    }

    /// <summary>Works until <see cref="Stop"/>.</summary>
    public async Task RunAsync()
    {
        try
        {
            await foreach (bool _ in _wake.Reader.ReadAllAsync(_stop.Token))
            {
                await CatchUpAsync(_stop.Token);
                while (Interlocked.Exchange(ref _ahead, null) is { } ahead && await FollowAsync(ahead, _stop.Token))
                    Interlocked.CompareExchange(ref _ahead, ahead, null);
            }
        }
        catch (OperationCanceledException) when (_stop.IsCancellationRequested)
        {
        }
        catch (Exception e)
        {
            fatal(e);
        }
    }

    /// <summary>Ends the work.</summary>
    public void Stop() => _stop.Cancel();

    private async Task CatchUpAsync(CancellationToken cancellation)
    {
        Task<FetchedRange?>? ahead = null;
        while (ledger.Tip.Height < Target && !IsEpochOver)
        {
            if (ahead is null && snapshots is not null && await snapshots.TryAsync(Lag, cancellation))
                await Task.Delay(Timeout.InfiniteTimeSpan, time, cancellation); // the node starts again on it
            FetchedRange? range = await (ahead ?? FetchAsync(ledger.Tip.Height + 1, cancellation));
            ahead = null;
            if (range is null || range.FirstHeight > ledger.Tip.Height + 1)
            {
                await Task.Delay(Pause, time, cancellation);
                if (range is null && network.Connections.All(static c => !c.IsConnected))
                    return; // the core asks again when somebody is there
                continue;
            }
            ulong next = range.FirstHeight + (ulong)range.Blocks.Count;
            if (next <= Target)
                ahead = FetchAsync(next, cancellation);
            string? lie = await StoreAsync(range, cancellation);
            if (lie is null)
                continue;
            PassOver(range.Validator, lie);
            ahead = null; // it may not connect any more; whatever comes of it is dropped
        }
    }

    /// <summary>One range of that department; whether it brought anything.</summary>
    private async Task<bool> FollowAsync(Ahead followed, CancellationToken cancellation)
    {
        int validator = validators.IndexOf(followed.Department);
        ulong first = ledger.Tip.Height + 1;
        if (IsEpochOver)
            return false;
        if (followed.Height >= first && snapshots is not null
            && await snapshots.TryAsync(followed.Height - ledger.Tip.Height, cancellation))
            await Task.Delay(Timeout.InfiniteTimeSpan, time, cancellation); // the node starts again on it
        BlockRangeResponse? answer = await network.RequestBlocksAsync(followed.Department, first, CatchUp.RangeBlocks, cancellation);
        (ulong, int, ulong, ulong)? said = answer is null
            ? null : (answer.FirstHeight, answer.Blocks.Count, answer.TipHeight, answer.WholeFrom);
        if (!CatchUp.HasBlocks(first, said, out _))
            return false;
        string? lie = await StoreAsync(new FetchedRange(validator, first, [.. answer!.Blocks.Select(Read)]), cancellation);
        if (lie is not null)
            PassOver(validator, lie);
        return lie is null && ledger.Tip.Height >= first;
    }

    /// <summary>Blocks stored that came out of the damaged ledger.</summary>
    public ulong Salvaged { get; private set; }

    /// <summary>The next range, from whoever has it; null if nobody gives it.</summary>
    private async Task<FetchedRange?> FetchAsync(ulong firstHeight, CancellationToken cancellation)
    {
        if (ReadSalvage(firstHeight) is { } kept)
            return kept;
        foreach (int validator in Sources())
        {
            BlockRangeResponse? answer = await network.RequestBlocksAsync(
                validators[validator].Department, firstHeight, CatchUp.RangeBlocks, cancellation);
            (ulong, int, ulong, ulong)? said = answer is null
                ? null : (answer.FirstHeight, answer.Blocks.Count, answer.TipHeight, answer.WholeFrom);
            if (CatchUp.HasBlocks(firstHeight, said, out string? complaint))
                return new FetchedRange(validator, firstHeight, [.. answer!.Blocks.Select(Read)]);
            if (complaint is not null)
                PassOver(validator, complaint);
        }
        return null;
    }

    /// <summary>A block as it came.</summary>
    public static FetchedBlock Read(SyncedBlock block) => new(
        block.Header.Memory, block.Certificate.Memory, [.. block.Envelopes.Select(static e => e.Memory)]);

    /// <summary>Blocks out of the damaged ledger, up to the first that is not readable there; null if it is this one.</summary>
    private FetchedRange? ReadSalvage(ulong firstHeight)
    {
        if (salvage is null || _unsalvageable.Contains(firstHeight))
            return null;
        var blocks = new List<FetchedBlock>();
        while (blocks.Count < CatchUp.RangeBlocks && salvage.TryRead(firstHeight + (ulong)blocks.Count) is { } stored)
        {
            blocks.Add(new FetchedBlock(
                stored.Header.ToBytes(), stored.Certificate!.ToBytes(),
                [.. stored.Leaves.Select(static leaf => (ReadOnlyMemory<byte>)leaf)]));
        }
        return blocks.Count == 0 ? null : new FetchedRange(Salvage, firstHeight, blocks);
    }

    private IReadOnlyList<int> Sources()
    {
        int[] connected = [.. network.Connections.Where(static c => c.IsConnected)
            .Select(c => validators.IndexOf(c.Department)).Where(static index => index >= 0)];
        lock (_catchUp)
            return _catchUp.Sources(connected, time.MonotonicMs());
    }

    private void PassOver(int validator, string complaint)
    {
        if (validator == Salvage)
        {
            _unsalvageable.Add(ledger.Tip.Height + 1);
            return;
        }
        lock (_catchUp)
            _catchUp.PassOver(validator, time.MonotonicMs());
        progress.Misbehaved(validator, complaint);
    }

    /// <summary>Checks and stores what follows the tip. Null if all went well, else what is wrong with the range.</summary>
    private async Task<string?> StoreAsync(FetchedRange range, CancellationToken cancellation)
    {
        if (IsEpochOver)
            return null;
        IReadOnlyList<CertifiedBlock> chain = _catchUp.Believe(range.FirstHeight, range.Blocks, out string? lie);
        foreach (CertifiedBlock block in chain)
        {
            cancellation.ThrowIfCancellationRequested();
            // What the core decided meanwhile is skipped; it checked the same headers.
            if (block.Header.Height <= ledger.Tip.Height)
                continue;
            if (block.Header.ParentHash != ledger.Tip.Hash)
                return null;
            if (Execute(block, out string? deviation) is not { } executed)
                return deviation;
            if (await driver.StoreAsync(executed, block.Certificate).WaitAsync(cancellation) && range.Validator == Salvage)
                Salvaged++;
        }
        return lie;
    }

    private ExecutedBlock? Execute(CertifiedBlock block, out string? deviation)
    {
        using LedgerSnapshot view = ledger.OpenSnapshot();
        try
        {
            return _catchUp.Execute(view, block, verifier.Verify, out deviation);
        }
        catch (DivergedException e)
        {
            throw new FatalNodeException(
                $"{e.Message} This program's rules differ from the others', or its state is damaged. "
                + "Run 'govchain audit --data' on the data directory and compare versions with the other departments.");
        }
    }

    private sealed record Ahead(string Department, ulong Height);

    private sealed record FetchedRange(int Validator, ulong FirstHeight, IReadOnlyList<FetchedBlock> Blocks);
}
