using System.Threading.Channels;
using GovChain.Consensus;
using GovChain.Core.Cryptography;
using GovChain.Core.Execution;
using GovChain.Core.Model;
using GovChain.Node.Consensus;
using GovChain.Node.Ledger;
using GovChain.Node.Peers;
using GovChain.Node.Pool;
using GovChain.Node.Snapshots;
using GovChain.Storage;

namespace GovChain.Node.Sync;

/// <summary>
/// Catch-up: fetches ranges of stored blocks, checks the chain of headers and every certificate first, then the
/// envelopes, then executes each block and compares its roots, and has it stored. What is decided is
/// <see cref="CatchUp"/>'s and <see cref="Following"/>'s.
/// </summary>
/// <remarks>One task works; the next range is fetched while one is being executed.</remarks>
/// <param name="known">What those who are asked have shown, also in epochs before.</param>
/// <param name="store">Stores a block that was executed on the tip; false if the ledger has moved on meanwhile.</param>
internal sealed class BlockSync(
    ValidatorSet validators,
    LedgerHead ledger,
    LedgerSources sources,
    BlockSources<PeerIdentity> known,
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
    private static readonly TimeSpan Pause = TimeSpan.FromMilliseconds(CatchUp.PauseMs);

    /// <summary>Stands for a department: what was salvaged is checked like anybody's.</summary>
    private const int Salvage = -1;

    // Under the lock of what is known, which outlives this epoch.
    private readonly Following _following = new(
        new CatchUp(ledger.ChainId, validators, certificateVerifier, s => known.Of(sources.IdentityOf(s))), validators.Count);
    private readonly LedgerPeers _peers = new(sources, network, time);
    private readonly HashSet<ulong> _unsalvageable = [];
    private readonly Channel<bool> _wake = Channel.CreateBounded<bool>(
        new BoundedChannelOptions(1) { FullMode = BoundedChannelFullMode.DropWrite });
    private readonly CancellationTokenSource _stop = new();

    /// <summary>Blocks behind the highest that somebody needs, has shown a certificate for, or is giving blocks towards; of
    /// the last as much as <see cref="ClaimedHeights"/> counts.</summary>
    public ulong Lag
    {
        get
        {
            ulong target;
            lock (known)
                target = Math.Max(Math.Max(Proven.Target, progress.HighestTip), _following.Height);
            ulong tip = ledger.Tip.Height;
            return target > tip ? target - tip : 0;
        }
    }

    private CatchUp Proven => _following.CatchUp;

    /// <summary>Who certifies the next block is not known here: the next epoch's sync goes on.</summary>
    private bool IsEpochOver => ledger.Tip.NextValidatorSetHash != validators.Hash;

    private ulong Target
    {
        get
        {
            lock (known)
                return Proven.Target;
        }
    }

    /// <summary>Asks for blocks up to a height, from a validator first.</summary>
    public void Request(NeedBlocks need)
    {
        lock (known)
            Proven.Need(need.UpToHeight, need.Hint);
        _wake.Writer.TryWrite(true);
    }

    /// <summary>
    /// A department seems to be in a later epoch, which nothing here can prove: it is followed. A snapshot of what comes after
    /// proves itself.
    /// </summary>
    /// <param name="department">The department.</param>
    /// <param name="height">Where it says it is.</param>
    public void Follow(string department, ulong height)
    {
        lock (known)
            _following.Say(sources.NumberOf(department), height);
        _wake.Writer.TryWrite(true);
    }

    /// <summary>Asks those whose messages do not count here what they have: where too few others say how far the ledger is,
    /// they may know.</summary>
    public void AskUnheard()
    {
        lock (known)
        {
            foreach (int source in sources.Unheard)
                _following.AskUnheard(source);
        }
        _wake.Writer.TryWrite(true);
    }

    /// <summary>Works until <see cref="Stop"/>.</summary>
    public async Task RunAsync()
    {
        try
        {
            await foreach (bool _ in _wake.Reader.ReadAllAsync(_stop.Token))
            {
                while (NextAhead() is { } ahead ? await FollowAsync(ahead, _stop.Token) : await CatchUpAsync(_stop.Token))
                {
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

    /// <summary>Fetches all that is proven to be there; false if nothing was, or nobody is left to give it.</summary>
    private async Task<bool> CatchUpAsync(CancellationToken cancellation)
    {
        bool worked = false;
        Task<FetchedRange?>? ahead = null;
        for (; ledger.Tip.Height < Target && !IsEpochOver; worked = true)
        {
            cancellation.ThrowIfCancellationRequested();
            // Also while the next range is on its way: else one search at the beginning were all.
            if (snapshots is not null && await snapshots.TryAsync(Lag, cancellation))
                await Task.Delay(Timeout.InfiniteTimeSpan, time, cancellation); // the node starts again on it
            FetchedRange? range = await (ahead ?? FetchAsync(ledger.Tip.Height + 1, cancellation));
            ahead = null;
            if (range is null || !CatchUp.Follows(range.FirstHeight, ledger.Tip.Height))
            {
                await Task.Delay(Pause, time, cancellation);
                if (range is null && network.Connections.All(static c => !c.IsConnected))
                    return false; // the core asks again when somebody is there
                continue;
            }
            if (After(range) is { } next)
                ahead = FetchAsync(next, cancellation);
            string? lie = await StoreAsync(range, cancellation);
            if (lie is null)
                continue;
            ahead = null; // it may not connect any more; whatever comes of it is dropped
            if (PassOver(range.Source, lie))
                await Task.Delay(Pause, time, cancellation);
        }
        return worked;
    }

    private ulong? After(FetchedRange range)
    {
        lock (known)
            return Proven.After(range.FirstHeight, range.Blocks.Count);
    }

    private BlocksQuestion? NextAhead()
    {
        IReadOnlyList<int> connected = sources.Connected;
        lock (known)
            return IsEpochOver ? null : _following.Next(connected, ledger.Tip.Height, time.MonotonicMs());
    }

    /// <summary>One range of whoever is followed. True: on to what is next.</summary>
    private async Task<bool> FollowAsync(BlocksQuestion ahead, CancellationToken cancellation)
    {
        await _peers.AskAsync(ahead, cancellation);
        bool given = false, ended = HasEnded(ahead);
        string? wrong = null;
        lock (known)
        {
            if (ended)
                _following.Ended(ahead, time.MonotonicMs());
            else
                given = _following.Take(ahead, time.MonotonicMs(), out wrong);
        }
        if (ended)
            return true;
        // On nobody's word more than questions: a snapshot is fetched once its header is proven.
        ulong said = _following.SaidBy(ahead), tip = ledger.Tip.Height;
        if (wrong is null && said > tip && snapshots is not null && await snapshots.TryAsync(said - tip, cancellation, ahead.Source))
            await Task.Delay(Timeout.InfiniteTimeSpan, time, cancellation); // the node starts again on it
        if (given)
            wrong = await StoreAsync(new FetchedRange(ahead.Source, ahead.FirstHeight, ahead.Answer!.Blocks), cancellation);
        if (wrong is not null)
            PassOver(ahead.Source, wrong);
        lock (known)
            _following.Stored(ahead, ledger.Tip.Height, lied: wrong is not null);
        return true;
    }

    /// <summary>Nothing came because its stream ended: it may have been stopped, which is no fault.</summary>
    private bool HasEnded(BlocksQuestion asked) => asked.Answer is null && !sources.Connected.Contains(asked.Source);

    /// <summary>Blocks stored that came out of the damaged ledger.</summary>
    public ulong Salvaged { get; private set; }

    /// <summary>The next range, from whoever has it; null if nobody gives it.</summary>
    private async Task<FetchedRange?> FetchAsync(ulong firstHeight, CancellationToken cancellation)
    {
        if (ReadSalvage(firstHeight) is { } kept)
            return kept;
        foreach (int source in Sources())
        {
            BlocksQuestion question;
            lock (known)
                question = Proven.Ask(source, firstHeight);
            await _peers.AskAsync(question, cancellation);
            bool given = false, ended = HasEnded(question);
            string? complaint = null;
            lock (known)
            {
                if (ended)
                    _following.Ended(question, time.MonotonicMs());
                else
                    given = Proven.Take(question, time.MonotonicMs(), out complaint);
            }
            if (given)
                return new FetchedRange(source, firstHeight, question.Answer!.Blocks);
            if (complaint is not null)
                PassOver(source, complaint);
        }
        return null;
    }

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
        lock (known)
            return Proven.Sources(connected, time.MonotonicMs());
    }

    /// <summary>True where it was asked after all others.</summary>
    private bool PassOver(int source, string complaint)
    {
        if (source == Salvage)
        {
            _unsalvageable.Add(ledger.Tip.Height + 1);
            return false;
        }
        progress.Misbehaved(source, complaint);
        lock (known)
            return Proven.PassOver(source, time.MonotonicMs());
    }

    /// <summary>Checks and stores what follows the tip. Null if all went well, else what is wrong with the range.</summary>
    private async Task<string?> StoreAsync(FetchedRange range, CancellationToken cancellation)
    {
        if (IsEpochOver)
            return null;
        IReadOnlyList<CertifiedBlock> chain = Proven.Believe(range.FirstHeight, range.Blocks, out string? lie);
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
            return Proven.Execute(view, block, verifier.Verify, out deviation, ledger.NewestVersion);
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
