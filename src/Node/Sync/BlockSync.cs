using System.Threading.Channels;
using Google.Protobuf;
using GovChain.Consensus;
using GovChain.Core.Cryptography;
using GovChain.Core.Execution;
using GovChain.Core.Model;
using GovChain.Core.Verification;
using GovChain.Node.Consensus;
using GovChain.Node.Ledger;
using GovChain.Node.Peers;
using GovChain.Node.Pool;
using GovChain.Protos.V1;
using GovChain.Storage;
using Transaction = GovChain.Core.Model.Transaction;

namespace GovChain.Node.Sync;

/// <summary>
/// Catch-up: fetches ranges of stored blocks, checks the chain of headers and every certificate first, then the
/// envelopes, then executes each block and compares its roots, and has the driver store it. Nobody is believed; a
/// peer that fails, withholds or lies is passed over for a while.
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
    LedgerSalvage? salvage)
{
    /// <summary>Blocks asked for at once; an answer may be shorter.</summary>
    public const int RangeBlocks = 64;

    private static readonly TimeSpan PassedOver = TimeSpan.FromSeconds(10);
    private static readonly TimeSpan Pause = TimeSpan.FromMilliseconds(250);

    /// <summary>Stands for a department's name: what was salvaged is checked like anybody's.</summary>
    private const string Salvage = "";

    private readonly Dictionary<string, long> _passedOver = [];
    private readonly HashSet<ulong> _unsalvageable = [];
    private readonly Channel<bool> _wake = Channel.CreateBounded<bool>(
        new BoundedChannelOptions(1) { FullMode = BoundedChannelFullMode.DropWrite });
    private readonly CancellationTokenSource _stop = new();
    private long _target;
    private volatile int _hint = -1;
    private int _turn;

    /// <summary>Blocks behind the highest that somebody needs or has shown a certificate for.</summary>
    public ulong Lag
    {
        get
        {
            ulong target = Math.Max((ulong)Volatile.Read(ref _target), progress.HighestTip);
            ulong tip = ledger.Tip.Height;
            return target > tip ? target - tip : 0;
        }
    }

    /// <summary>Asks for blocks up to a height, from a validator first.</summary>
    public void Request(NeedBlocks need)
    {
        if ((long)need.UpToHeight > Volatile.Read(ref _target))
            Volatile.Write(ref _target, (long)need.UpToHeight);
        _hint = need.Hint;
        _wake.Writer.TryWrite(true);
    }

    /// <summary>Works until <see cref="Stop"/>.</summary>
    public async Task RunAsync()
    {
        try
        {
            await foreach (bool _ in _wake.Reader.ReadAllAsync(_stop.Token))
                await CatchUpAsync(_stop.Token);
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
        while (ledger.Tip.Height < (ulong)Volatile.Read(ref _target))
        {
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
            if (next <= (ulong)Volatile.Read(ref _target))
                ahead = FetchAsync(next, cancellation);
            string? lie = await StoreAsync(range, cancellation);
            if (lie is null)
                continue;
            PassOver(range.Department, lie);
            ahead = null; // it may not connect any more; whatever comes of it is dropped
        }
    }

    /// <summary>Blocks stored that came out of the damaged ledger.</summary>
    public ulong Salvaged { get; private set; }

    /// <summary>The next range, from whoever has it; null if nobody gives it.</summary>
    private async Task<FetchedRange?> FetchAsync(ulong firstHeight, CancellationToken cancellation)
    {
        if (ReadSalvage(firstHeight) is { } kept)
            return kept;
        foreach (string department in Sources())
        {
            BlockRangeResponse? answer =
                await network.RequestBlocksAsync(department, firstHeight, RangeBlocks, cancellation);
            if (answer is null)
                PassOver(department, "did not answer a request for blocks");
            else if (answer.FirstHeight == firstHeight && answer.Blocks.Count is > 0 and <= RangeBlocks)
                return new FetchedRange(department, firstHeight, answer.Blocks);
            else if (answer.TipHeight >= firstHeight)
                PassOver(department, "withholds blocks that it says it has");
        }
        return null;
    }

    /// <summary>Blocks out of the damaged ledger, up to the first that is not readable there; null if it is this one.</summary>
    private FetchedRange? ReadSalvage(ulong firstHeight)
    {
        if (salvage is null || _unsalvageable.Contains(firstHeight))
            return null;
        var blocks = new List<SyncedBlock>();
        while (blocks.Count < RangeBlocks && salvage.TryRead(firstHeight + (ulong)blocks.Count) is { } stored)
        {
            var block = new SyncedBlock
            {
                Header = UnsafeByteOperations.UnsafeWrap(stored.Header.ToBytes()),
                Certificate = UnsafeByteOperations.UnsafeWrap(stored.Certificate!.ToBytes()),
            };
            block.Envelopes.AddRange(stored.Leaves.Select(static leaf => UnsafeByteOperations.UnsafeWrap(leaf)));
            blocks.Add(block);
        }
        return blocks.Count == 0 ? null : new FetchedRange(Salvage, firstHeight, blocks);
    }

    /// <summary>The hint first, the others in turn, those that failed lately last.</summary>
    private List<string> Sources()
    {
        var connected = network.Connections.Where(static c => c.IsConnected).Select(static c => c.Department).ToList();
        if (connected.Count == 0)
            return connected;
        int turn = _turn++ % connected.Count;
        connected = [.. connected[turn..], .. connected[..turn]];
        int hint = Interlocked.Exchange(ref _hint, -1);
        if (hint >= 0 && hint < validators.Count && connected.Remove(validators[hint].Department))
            connected.Insert(0, validators[hint].Department);
        return [.. connected.OrderBy(IsPassedOver)];
    }

    private bool IsPassedOver(string department)
    {
        lock (_passedOver)
        {
            return _passedOver.TryGetValue(department, out long since)
                && time.GetElapsedTime(since) < PassedOver;
        }
    }

    private void PassOver(string department, string complaint)
    {
        if (department == Salvage)
        {
            _unsalvageable.Add(ledger.Tip.Height + 1);
            return;
        }
        lock (_passedOver)
            _passedOver[department] = time.GetTimestamp();
        int validator = validators.IndexOf(department);
        if (validator >= 0)
            progress.Misbehaved(validator, complaint);
    }

    /// <summary>Checks and stores what follows the tip. Null if all went well, else what is wrong with the range.</summary>
    private async Task<string?> StoreAsync(FetchedRange range, CancellationToken cancellation)
    {
        var chain = new List<CertifiedBlock>(range.Blocks.Count);
        string? lie = ReadHeaders(range, chain);
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
            if (await driver.StoreAsync(executed, block.Certificate).WaitAsync(cancellation) && range.Department == Salvage)
                Salvaged++;
        }
        return lie;
    }

    /// <summary>Headers that follow the tip one by one, each under its certificate; stops at the first that does not.
    /// </summary>
    private string? ReadHeaders(FetchedRange range, List<CertifiedBlock> chain)
    {
        BlockHeader? parent = null;
        foreach (SyncedBlock raw in range.Blocks)
        {
            ulong height = range.FirstHeight + (ulong)chain.Count;
            BlockHeader? header = BlockHeader.TryRead(raw.Header.Span);
            Certificate? certificate = Certificate.TryRead(raw.Certificate.Span);
            if (header is null || certificate is null)
                return $"sent a block {height} that cannot be read";
            if (header.Height != height || header.ChainId != ledger.ChainId
                || (parent is not null && header.ParentHash != parent.Hash))
                return $"sent a block {height} that does not follow the one before";
            CertificateFailure failure =
                CertificateVerifier.Verify(header, certificate, validators, certificateVerifier);
            if (failure != CertificateFailure.None)
                return $"sent block {height} under a certificate that proves nothing ({failure})";
            chain.Add(new CertifiedBlock(header, certificate, raw.Envelopes));
            parent = header;
        }
        return null;
    }

    /// <summary>
    /// Null, with the deviation, if these are not the certified header's transactions. Transactions that are, under a
    /// certificate, and still do not execute to its roots, mean that this node cannot follow the ledger: fatal.
    /// </summary>
    private ExecutedBlock? Execute(CertifiedBlock block, out string? deviation)
    {
        ulong height = block.Header.Height;
        var transactions = new List<Transaction>(block.Envelopes.Count);
        foreach (Google.Protobuf.ByteString envelope in block.Envelopes)
        {
            if (TransactionDecoder.TryDecode(envelope.Memory, ledger.ChainId, out _) is not { } transaction)
            {
                deviation = $"sent an envelope in block {height} that is no transaction";
                return null;
            }
            transactions.Add(transaction);
        }
        VerifiedTransaction?[] verified = verifier.Verify(transactions);
        if (Array.IndexOf(verified, null) >= 0)
        {
            deviation = $"sent an envelope in block {height} whose signature is wrong";
            return null;
        }
        using LedgerSnapshot view = ledger.OpenSnapshot();
        ExecutedBlock? executed = BlockExecutor.Check(view, validators, block.Header, verified!, out BlockFailure? failure);
        deviation = null;
        if (executed is not null)
            return executed;
        if (failure!.Kind == BlockFailureKind.StateRoot)
        {
            throw new FatalNodeException(
                $"Block {height} is certified by a quorum and holds these transactions, but executing it here does not "
                + $"give its state: {failure}. This program's rules differ from the others', or its state is damaged. "
                + "Run 'govchain audit --data' on the data directory and compare versions with the other departments.");
        }
        deviation = $"sent a body of block {height} that is not the certified one ({failure})";
        return null;
    }

    private sealed record FetchedRange(string Department, ulong FirstHeight, IReadOnlyList<SyncedBlock> Blocks);

    private readonly record struct CertifiedBlock(
        BlockHeader Header, Certificate Certificate, IReadOnlyList<Google.Protobuf.ByteString> Envelopes);
}
