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
/// envelopes, then executes each block and compares its roots, and has it stored. What it decides is
/// <see cref="CatchUp"/>'s.
/// </summary>
/// <remarks>One task works; the next range is fetched from another peer while one is being executed.</remarks>
/// <param name="store">Stores a block that was executed on the tip; false if the ledger has moved on meanwhile.</param>
internal sealed class BlockSync(
    ValidatorSet validators,
    LedgerHead ledger,
    LedgerSources sources,
    IPeerNetwork network,
    ISignatureVerifier certificateVerifier,
    EnvelopeVerifier verifier,
    Func<ExecutedBlock, Certificate, Task<bool>> store,
    PeerProgress progress,
    TimeProvider time,
    Action<Exception> fatal,
    LedgerSalvage? salvage,
    SnapshotSync? snapshots = null)
{
    private const double NewestWeight = 0.25;

    private static readonly TimeSpan Pause = TimeSpan.FromMilliseconds(CatchUp.PauseMs);

    /// <summary>Stands for a department: what was salvaged is checked like anybody's.</summary>
    private const int Salvage = -1;

    private readonly CatchUp _catchUp = new(ledger.ChainId, validators, certificateVerifier); // its lock, too
    private readonly HashSet<ulong> _unsalvageable = [];
    private readonly Channel<bool> _wake = Channel.CreateBounded<bool>(
        new BoundedChannelOptions(1) { FullMode = BoundedChannelFullMode.DropWrite });
    private readonly CancellationTokenSource _stop = new();
    private readonly Dictionary<int, ulong> _ahead = []; // its lock, too
    private readonly ClaimedHeights _claims = new(validators.Count);
    private readonly Dictionary<int, double> _paceMs = [];
    private ulong _followed;
    private int _followedSource;

    /// <summary>Blocks behind the highest that somebody needs, has shown a certificate for, or is giving blocks towards; of
    /// the last as much as <see cref="ClaimedHeights"/> counts.</summary>
    public ulong Lag
    {
        get
        {
            ulong target = Math.Max(Math.Max(Target, progress.HighestTip), Volatile.Read(ref _followed));
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
        int source = sources.NumberOf(department);
        _claims.Say(source, height);
        Follow(source, height);
    }

    /// <summary>Asks those whose messages do not count here what they have: where too few others say how far the ledger is,
    /// they may know.</summary>
    public void AskUnheard()
    {
        foreach (int source in sources.Unheard)
            Follow(source, 0);
    }

    /// <summary>Works until <see cref="Stop"/>.</summary>
    public async Task RunAsync()
    {
        try
        {
            await foreach (bool _ in _wake.Reader.ReadAllAsync(_stop.Token))
            {
                await CatchUpAsync(_stop.Token);
                while (NextAhead() is { } ahead)
                {
                    if (await FollowAsync(ahead.Source, ahead.Height, _stop.Token))
                        Follow(ahead.Source, ahead.Height);
                    await CatchUpAsync(_stop.Token); // what is proven does not wait for what somebody says
                }
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
            if (range is null || !CatchUp.Follows(range.FirstHeight, ledger.Tip.Height))
            {
                await Task.Delay(Pause, time, cancellation);
                if (range is null && network.Connections.All(static c => !c.IsConnected))
                    return; // the core asks again when somebody is there
                continue;
            }
            if (After(range) is { } next)
                ahead = FetchAsync(next, cancellation);
            string? lie = await StoreAsync(range, cancellation);
            if (lie is null)
                continue;
            PassOver(range.Source, lie);
            ahead = null; // it may not connect any more; whatever comes of it is dropped
        }
    }

    private ulong? After(FetchedRange range)
    {
        lock (_catchUp)
            return _catchUp.After(range.FirstHeight, range.Blocks.Count);
    }

    private void Follow(int source, ulong height)
    {
        lock (_ahead)
            _ahead[source] = Math.Max(height, _ahead.GetValueOrDefault(source));
        _wake.Writer.TryWrite(true);
    }

    /// <summary>
    /// Whom to follow now: of those that are connected the one that takes least time a block, one not tried yet before all.
    /// Whoever lied or kept silent is not asked for a while, whatever it says meanwhile.
    /// </summary>
    private (int Source, ulong Height)? NextAhead()
    {
        ulong nowMs = time.MonotonicMs();
        int[] askable;
        lock (_catchUp)
            askable = [.. sources.Connected.Where(s => !_catchUp.IsPassedOver(s, nowMs)).OrderBy(s => _paceMs.GetValueOrDefault(s))];
        lock (_ahead)
        {
            foreach (int source in askable)
            {
                if (_ahead.Remove(source, out ulong height))
                    return (source, height);
            }
            _ahead.Clear(); // who is ahead says so again
            return null;
        }
    }

    /// <summary>One range of that department; whether it brought anything.</summary>
    private async Task<bool> FollowAsync(int source, ulong said, CancellationToken cancellation)
    {
        ulong first = ledger.Tip.Height + 1;
        if (IsEpochOver)
            return false;
        long begun = time.GetTimestamp();
        BlockRangeResponse? answer = await network.RequestBlocksAsync(
            sources.DepartmentOf(source), first, CatchUp.RangeBlocks, cancellation);
        if (answer is null && !sources.Connected.Contains(source))
            return false; // the stream ended, which is no fault
        double ms = time.GetElapsedTime(begun).TotalMilliseconds;
        said = Math.Max(said, answer?.TipHeight ?? 0);
        // On nobody's word more than questions: a snapshot is fetched once its header is proven.
        if (said >= first && snapshots is not null && await snapshots.TryAsync(said - ledger.Tip.Height, cancellation))
            await Task.Delay(Timeout.InfiniteTimeSpan, time, cancellation); // the node starts again on it
        string? lie = null;
        if (HasBlocks(first, answer, out string? complaint))
            lie = await StoreAsync(new FetchedRange(source, first, [.. answer!.Blocks.Select(Read)]), cancellation);
        else if (said >= first && answer?.TipHeight < first)
            complaint = "has no blocks of those that it said it has";
        if ((lie ?? complaint) is { } wrong)
            PassOver(source, wrong);
        ulong blocks = ledger.Tip.Height + 1 - first;
        ms /= Math.Max(1, blocks);
        _paceMs[source] = _paceMs.TryGetValue(source, out double pace) ? pace + NewestWeight * (ms - pace) : ms;
        bool brought = lie is null && blocks > 0;
        // It is listened to how far the ledger goes as long as it gives what it says it has.
        if (brought || source == _followedSource)
        {
            _followedSource = source;
            Volatile.Write(ref _followed, brought ? _claims.Credit(said, ledger.Tip.Height) : 0);
        }
        return brought;
    }

    /// <summary>Blocks stored that came out of the damaged ledger.</summary>
    public ulong Salvaged { get; private set; }

    /// <summary>The next range, from whoever has it; null if nobody gives it.</summary>
    private async Task<FetchedRange?> FetchAsync(ulong firstHeight, CancellationToken cancellation)
    {
        if (ReadSalvage(firstHeight) is { } kept)
            return kept;
        foreach (int source in Sources())
        {
            BlockRangeResponse? answer = await network.RequestBlocksAsync(
                sources.DepartmentOf(source), firstHeight, CatchUp.RangeBlocks, cancellation);
            if (HasBlocks(firstHeight, answer, out string? complaint))
                return new FetchedRange(source, firstHeight, [.. answer!.Blocks.Select(Read)]);
            if (complaint is not null)
                PassOver(source, complaint);
        }
        return null;
    }

    private static bool HasBlocks(ulong askedFor, BlockRangeResponse? answer, out string? complaint) => CatchUp.HasBlocks(
        askedFor, answer is null ? null : (answer.FirstHeight, answer.Blocks.Count, answer.TipHeight, answer.WholeFrom), out complaint);

    /// <summary>Blocks as they came.</summary>
    public static BlockRange Read(BlockRangeResponse answer) =>
        new(answer.FirstHeight, [.. answer.Blocks.Select(Read)], answer.TipHeight, answer.WholeFrom);

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
        IReadOnlyList<int> connected = sources.Connected;
        lock (_catchUp)
            return _catchUp.Sources(connected, time.MonotonicMs());
    }

    private void PassOver(int source, string complaint)
    {
        if (source == Salvage)
        {
            _unsalvageable.Add(ledger.Tip.Height + 1);
            return;
        }
        lock (_catchUp)
            _catchUp.PassOver(source, time.MonotonicMs());
        progress.Misbehaved(source, complaint);
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
            if (await store(executed, block.Certificate).WaitAsync(cancellation) && range.Source == Salvage)
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

    private sealed record FetchedRange(int Source, ulong FirstHeight, IReadOnlyList<FetchedBlock> Blocks);
}
