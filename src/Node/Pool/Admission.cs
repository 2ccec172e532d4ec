using System.Collections.Concurrent;
using System.Runtime.InteropServices;
using System.Threading.Channels;
using GovChain.Core.Cryptography;
using GovChain.Core.Execution;
using GovChain.Core.Model;
using GovChain.Node.Consensus;
using GovChain.Node.Ledger;
using GovChain.Node.Tracing;
using GovChain.Storage;

namespace GovChain.Node.Pool;

/// <summary>
/// The door: decoded envelopes are verified in batches, judged on the newest state, put into the pool, and those of
/// this node's clients are gossiped. Each envelope is verified once, whichever way it comes.
/// </summary>
/// <remarks>
/// Anybody may offer from any thread; one task does the work. Whoever needs certain envelopes at once, for a block to
/// vote on, has them verified next: <see cref="VerifyNowAsync"/>.
/// </remarks>
internal sealed class Admission
{
    // Fills the lanes that hash and decompress, several times over.
    private const int DecodedTogether = 64;

    private static readonly Rejection PoolFull = new(
        RejectionCode.PoolFull, "This node has as many transactions waiting as it can hold. Try again in a moment.");

    private static readonly Rejection BadSignature = new(
        RejectionCode.InvalidSignature,
        "The signature is not the signer's over this body, or one that the body carries is another's. Check that key and chain are the ones you mean, and sign again.");

    private readonly AdmissionOptions _options;
    private readonly LedgerHead _ledger;
    private readonly TransactionPool _pool;
    private readonly EnvelopeVerifier _verifier;
    private readonly TimeProvider _time;
    private readonly OutcomeMemory _outcomes;
    private readonly TicketOffice _tickets;
    private readonly Action<IReadOnlyList<ReadOnlyMemory<byte>>> _gossip;
    private readonly Action _workAdded;
    private readonly ConcurrentDictionary<Digest, PendingEnvelope> _pending = new();
    private readonly ConcurrentQueue<UrgentRequest> _urgent = new();
    private readonly Channel<PendingEnvelope> _arrivals = Channel.CreateUnbounded<PendingEnvelope>(
        new UnboundedChannelOptions { SingleReader = true });
    private readonly Channel<(string Department, IReadOnlyList<ReadOnlyMemory<byte>> Envelopes)> _gossiped;
    private int _pendingCount;
    private long _pendingBytes;

    public Admission(
        AdmissionOptions options,
        LedgerHead ledger,
        TransactionPool pool,
        EnvelopeVerifier verifier,
        TimeProvider time,
        OutcomeMemory outcomes,
        TicketOffice tickets,
        Action<IReadOnlyList<ReadOnlyMemory<byte>>> gossip,
        Action workAdded)
    {
        _options = options;
        _ledger = ledger;
        _pool = pool;
        _verifier = verifier;
        _time = time;
        _outcomes = outcomes;
        _tickets = tickets;
        _gossip = gossip;
        _workAdded = workAdded;
        _gossiped = Channel.CreateBounded<(string, IReadOnlyList<ReadOnlyMemory<byte>>)>(
            new BoundedChannelOptions(options.GossipBatchesMax)
            {
                SingleReader = true,
                FullMode = BoundedChannelFullMode.Wait, // TryWrite then says no, and the batch is dropped
            });
    }

    /// <summary>Signatures that wait to be verified, of envelopes in admission.</summary>
    public int PendingCount => Volatile.Read(ref _pendingCount);

    /// <summary>Runs until <see cref="Stop"/>.</summary>
    public Task RunAsync() => Task.WhenAll(Task.Run(DecodeGossipAsync), DedicatedThread.Run("admission", AdmitAll));

    /// <summary>Takes nothing more; what is in admission is still done.</summary>
    public void Stop()
    {
        _gossiped.Writer.TryComplete();
    }

    /// <summary>
    /// Offers the envelope of a client of this node. The ticket is answered by admission, or, where it waits for the
    /// final state and admission lets the transaction pass, by the block that commits it.
    /// </summary>
    public void Submit(Transaction transaction, string self, SubmissionTicket ticket)
    {
        if (ticket.UntilFinal)
            _tickets.Take(ticket);
        while (true)
        {
            var envelope = new PendingEnvelope(transaction, self, isOwn: true);
            envelope.TryAttach(ticket);
            if (!TryReserve(envelope))
            {
                ticket.Complete(SubmissionResult.Refused(PoolFull));
                return;
            }
            PendingEnvelope held = _pending.GetOrAdd(transaction.LeafHash, envelope);
            if (ReferenceEquals(held, envelope))
            {
                if (!_arrivals.Writer.TryWrite(envelope))
                    ticket.Complete(SubmissionResult.Refused(NotReady()));
                return;
            }
            Release(envelope);
            if (held.TryAttach(ticket))
                return;
            // The other one just got through; it leaves the table in a moment.
            _pending.TryRemove(new KeyValuePair<Digest, PendingEnvelope>(transaction.LeafHash, held));
        }
    }

    /// <summary>Queues what a peer's clients submitted; drops it when the queue is full.</summary>
    public void OfferGossip(string department, IReadOnlyList<ReadOnlyMemory<byte>> envelopes) =>
        _gossiped.Writer.TryWrite((department, envelopes));

    /// <summary>
    /// Fills in those of the named envelopes that are in admission, verified before all others.
    /// </summary>
    /// <param name="leafHashes">Their names.</param>
    /// <param name="found">What is filled in already is left alone.</param>
    public async Task VerifyNowAsync(IReadOnlyList<Digest> leafHashes, VerifiedTransaction?[] found)
    {
        var envelopes = new List<PendingEnvelope>();
        var indexes = new List<int>();
        for (int i = 0; i < leafHashes.Count; i++)
        {
            if (found[i] is null && _pending.TryGetValue(leafHashes[i], out PendingEnvelope? envelope))
            {
                envelopes.Add(envelope);
                indexes.Add(i);
            }
        }
        if (envelopes.Count == 0)
            return;
        var request = new UrgentRequest(envelopes);
        _urgent.Enqueue(request);
        // Wakes the task in case it is through with these envelopes and sleeps.
        if (!_arrivals.Writer.TryWrite(envelopes[0]))
            return;
        await request.Done.Task;
        for (int i = 0; i < indexes.Count; i++)
            found[indexes[i]] = envelopes[i].Verified;
    }

    private static Rejection NotReady() => new(RejectionCode.NodeNotReady, "This node is stopping.");

    private async Task DecodeGossipAsync()
    {
        await foreach ((string department, IReadOnlyList<ReadOnlyMemory<byte>> envelopes) in _gossiped.Reader.ReadAllAsync())
        {
            // In pieces: where there is no room, the rest of the batch is not decoded in vain.
            foreach (ReadOnlyMemory<byte>[] piece in envelopes.Chunk(DecodedTogether))
            {
                if (!TryTakeGossip(department, piece))
                    break;
            }
        }
        _arrivals.Writer.TryComplete();
    }

    /// <summary>Decodes, and queues what is new; false when there is no room for more.</summary>
    private bool TryTakeGossip(string department, ReadOnlyMemory<byte>[] envelopes)
    {
        foreach (DecodedEnvelope decoded in TransactionDecoder.DecodeAll(envelopes, _ledger.ChainId))
        {
            if (decoded.Transaction is not { } transaction || _pool.Contains(transaction.LeafHash))
                continue;
            var envelope = new PendingEnvelope(transaction, department, isOwn: false);
            if (!TryReserve(envelope))
                return false;
            if (!_pending.TryAdd(transaction.LeafHash, envelope))
                Release(envelope);
            else
                _arrivals.Writer.TryWrite(envelope);
        }
        return true;
    }

    private void AdmitAll()
    {
        var batch = new List<PendingEnvelope>(_options.BatchMax);
        ChannelReader<PendingEnvelope> arrivals = _arrivals.Reader;
        while (arrivals.WaitToRead())
        {
            batch.Clear();
            while (batch.Count < _options.BatchMax && arrivals.TryRead(out PendingEnvelope? envelope))
                batch.Add(envelope);
            // After reading: what woke this task for an urgent request came behind the request.
            AdmitUrgent();
            Admit(batch.FindAll(static e => !e.IsProcessed));
        }
        AdmitUrgent();
    }

    private void AdmitUrgent()
    {
        while (_urgent.TryDequeue(out UrgentRequest? request))
        {
            Admit(request.Envelopes.FindAll(e => !e.IsProcessed));
            request.Done.SetResult();
        }
    }

    private void Admit(List<PendingEnvelope> batch)
    {
        List<PendingEnvelope> rest = WithoutCommitted(batch);
        VerifiedTransaction?[] verified = _verifier.Verify(rest.ConvertAll(static e => e.Transaction));
        var valid = new List<PendingEnvelope>(rest.Count);
        for (int i = 0; i < verified.Length; i++)
        {
            rest[i].Verified = verified[i];
            if (verified[i] is null)
                Finish(rest[i], SubmissionResult.Refused(BadSignature));
            else
                valid.Add(rest[i]);
        }
        while (valid.Count > 0 && !TryPool(valid))
        {
            // A block came between judging and pooling: judge again on the new state.
        }
    }

    /// <summary>What is on the ledger needs no signature check: the index answers, whatever the signature.</summary>
    private List<PendingEnvelope> WithoutCommitted(List<PendingEnvelope> batch)
    {
        var rest = new List<PendingEnvelope>(batch.Count);
        using LedgerSnapshot view = _ledger.OpenSnapshot();
        foreach (PendingEnvelope envelope in batch)
        {
            if (envelope.IsProcessed)
                continue; // named twice, as a hostile proposal may
            envelope.IsProcessed = true;
            if (view.FindTransaction(envelope.Transaction.Id) is { } location)
                Finish(envelope, SubmissionResult.Committed(location));
            else
                rest.Add(envelope);
        }
        return rest;
    }

    private bool TryPool(List<PendingEnvelope> valid)
    {
        using LedgerSnapshot view = _ledger.OpenSnapshot();
        var state = new StateOverlay(view);
        ulong nowMs = _time.NowMs();
        ulong timeMs = Math.Max(nowMs, view.Tip.TimestampMs + 1);
        var offers = new List<PoolOffer>(valid.Count);
        var offered = new List<PendingEnvelope>(valid.Count);
        var refused = new List<(PendingEnvelope Envelope, SubmissionResult Result)>();
        foreach (PendingEnvelope envelope in valid)
        {
            Rejection? rejection = TransactionRules.Check(state, envelope.Transaction, view.Tip.Height + 1, timeMs);
            if (AdmissionRules.Refuses(envelope.IsOwn, rejection))
            {
                refused.Add((envelope, Refusal(state, envelope, rejection!, view)));
                continue;
            }
            string department = Authority.DepartmentOf(state, envelope.Transaction.Signer);
            var entry = new PoolEntry(envelope.Verified!, department, envelope.Source, nowMs);
            offers.Add(AdmissionRules.Offer(state, entry, rejection));
            offered.Add(envelope);
        }
        var answers = new PoolAnswer[offers.Count];
        if (!_pool.TryAdd(view.Tip.Height, CollectionsMarshal.AsSpan(offers), answers))
            return false;
        Finish(offered, offers, answers);
        foreach ((PendingEnvelope envelope, SubmissionResult result) in refused)
            Finish(envelope, result, isPooled: false);
        return true;
    }

    private SubmissionResult Refusal(
        StateOverlay state, PendingEnvelope envelope, Rejection rejection, LedgerSnapshot view)
    {
        if (rejection.Code == RejectionCode.Duplicate
            && state.FindTransaction(envelope.Transaction.Id) is { } location)
            return SubmissionResult.Committed(location);
        // This node's clock ends nothing: in time it may have come into a pool, here before a restart or elsewhere, and
        // stand in a prepared block.
        if (rejection.Code == RejectionCode.Expired && envelope.Transaction.Body.ExpiresAtMs > view.Tip.TimestampMs)
        {
            return SubmissionResult.Pending(rejection with
            {
                Message = "By this node's clock the transaction has expired; by the newest block it has not, so another node may "
                    + "still have it. If signing it again does not help, compare this node's clock with yours.",
            });
        }
        if (rejection.Code == RejectionCode.Expired && view.Gap is { } gap)
            return SubmissionResult.Unknown(rejection, gap);
        if (rejection.IsPermanent)
            _outcomes.Add([new PoolExit(envelope.Transaction, rejection, WasPooled: false)]);
        return SubmissionResult.Refused(rejection);
    }

    private void Finish(List<PendingEnvelope> offered, List<PoolOffer> offers, PoolAnswer[] answers)
    {
        var gossip = new List<ReadOnlyMemory<byte>>();
        bool added = false;
        for (int i = 0; i < answers.Length; i++)
        {
            added |= answers[i] == PoolAnswer.Added;
            if (answers[i] == PoolAnswer.Added && offered[i].IsOwn)
                gossip.Add(offered[i].Transaction.Envelope);
        }
        if (gossip.Count > 0)
            _gossip(gossip);
        if (added)
            _workAdded();
        for (int i = 0; i < answers.Length; i++)
        {
            Finish(offered[i], answers[i] == PoolAnswer.Full
                ? SubmissionResult.Refused(PoolFull)
                : SubmissionResult.Pending(offers[i].Obstacle));
        }
    }

    /// <summary>Answers, and forgets the envelope. Who waits for the end waits on only if the pool has it: of what is not
    /// there nobody will hear again.</summary>
    private void Finish(PendingEnvelope envelope, SubmissionResult result, bool isPooled = true)
    {
        foreach (SubmissionTicket ticket in envelope.Close())
        {
            DateTimeOffset now = _time.GetUtcNow();
            RecordTrace.Add(ticket.Trace, RecordTrace.Admission, ticket.SubmittedAt, now);
            if (!result.IsFinal)
                ticket.PooledAt = now;
            if (result.IsFinal || !ticket.UntilFinal || !isPooled)
                ticket.Complete(result);
        }
        _pending.TryRemove(new KeyValuePair<Digest, PendingEnvelope>(envelope.Transaction.LeafHash, envelope));
        Release(envelope);
    }

    private bool TryReserve(PendingEnvelope envelope)
    {
        int bytes = envelope.Transaction.Envelope.Length;
        int count = Interlocked.Add(ref _pendingCount, envelope.Transaction.SignatureChecks.Count);
        long total = Interlocked.Add(ref _pendingBytes, bytes);
        if (count <= _options.PendingMax && total <= _options.PendingBytesMax)
            return true;
        Release(envelope);
        return false;
    }

    private void Release(PendingEnvelope envelope)
    {
        Interlocked.Add(ref _pendingCount, -envelope.Transaction.SignatureChecks.Count);
        Interlocked.Add(ref _pendingBytes, -envelope.Transaction.Envelope.Length);
    }

    private sealed record UrgentRequest(List<PendingEnvelope> Envelopes)
    {
        public TaskCompletionSource Done { get; } = new(TaskCreationOptions.RunContinuationsAsynchronously);
    }
}
