using System.Collections.Concurrent;
using System.Globalization;
using System.Runtime.InteropServices;
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
/// this node's clients are gossiped. Each envelope is verified once, whichever way it comes, and what is on the ledger or in the
/// pool already is not verified at all. Departments take turns (docs/PROTOCOL.md, "Fair shares").
/// </summary>
/// <remarks>
/// Anybody may offer from any thread; one thread decodes gossip, one does the rest. Whoever needs certain envelopes at once, for a block to
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
    private readonly SendingRates _rates;
    private readonly WaitingRoom<PendingEnvelope> _arrivals;
    private readonly WaitingRoom<(string Department, IReadOnlyList<ReadOnlyMemory<byte>> Envelopes)> _gossiped;

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
        _rates = new SendingRates(options.PlacesPerSecond, AdmissionOptions.SendersMax);
        _arrivals = new WaitingRoom<PendingEnvelope>(options.PendingBytesMax, AdmissionOptions.PlaceBytes);
        _gossiped = new WaitingRoom<(string, IReadOnlyList<ReadOnlyMemory<byte>>)>(options.GossipBytesMax, DecodedTogether * AdmissionOptions.PlaceBytes);
    }

    /// <summary>Envelopes in admission: their signatures are not verified yet, or they are just being judged.</summary>
    public int PendingCount => _pending.Count;

    /// <summary>Runs until <see cref="Stop"/>.</summary>
    public Task RunAsync() => Task.WhenAll(DedicatedThread.Run("gossip", DecodeGossip), DedicatedThread.Run("admission", AdmitAll));

    /// <summary>Takes nothing more; what is in admission is still done.</summary>
    public void Stop() => _gossiped.Close();

    /// <summary>
    /// Offers the envelope of a client of this node. The ticket is answered by admission, or, where it waits for the
    /// final state and admission lets the transaction pass, by the block that commits it.
    /// </summary>
    /// <param name="transaction">What it is.</param>
    /// <param name="self">This department.</param>
    /// <param name="client">Who sent it: an address, or this department for what its node itself puts onto the ledger.</param>
    /// <param name="ticket">Who waits.</param>
    public void Submit(Transaction transaction, string self, string client, SubmissionTicket ticket)
    {
        if (ticket.UntilFinal)
            _tickets.Take(ticket);
        if (TryAnswer(transaction, client, ticket, out string department))
            return;
        while (true)
        {
            var envelope = new PendingEnvelope(transaction, new Sender(department, client), self, isOwn: true) { Bringer = ticket };
            envelope.TryAttach(ticket);
            PendingEnvelope held = _pending.GetOrAdd(transaction.LeafHash, envelope);
            if (ReferenceEquals(held, envelope))
            {
                RoomAnswer answer = Offer(envelope);
                if (answer != RoomAnswer.Taken)
                    Finish(envelope, SubmissionResult.Refused(answer == RoomAnswer.Full ? PoolFull : NotReady()), isPooled: false);
                return;
            }
            if (held.TryAttach(ticket))
                return;
            // The other one just got through; it leaves the table in a moment.
            _pending.TryRemove(new KeyValuePair<Digest, PendingEnvelope>(transaction.LeafHash, held));
        }
    }

    /// <summary>Queues what a peer's clients submitted; drops it when there is no room.</summary>
    public void OfferGossip(string department, IReadOnlyList<ReadOnlyMemory<byte>> envelopes)
    {
        long bytes = AdmissionOptions.PlaceBytes;
        foreach (ReadOnlyMemory<byte> envelope in envelopes)
            bytes += envelope.Length;
        _gossiped.Offer(new Sender(department, department), (department, envelopes), bytes, pushedOut: []);
    }

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
        // In case the thread is through with these envelopes and sleeps.
        if (!_arrivals.Wake())
            return;
        await request.Done.Task;
        for (int i = 0; i < indexes.Count; i++)
            found[indexes[i]] = envelopes[i].Verified;
    }

    private static Rejection NotReady() => new(RejectionCode.NodeNotReady, "This node is stopping.");

    /// <summary>Answers what is known already under this very signature, or is on the ledger under whichever, and what is too
    /// much; of all else says for which department the signer is said to sign.</summary>
    private bool TryAnswer(Transaction transaction, string client, SubmissionTicket ticket, out string department)
    {
        using LedgerSnapshot view = _ledger.OpenSnapshot();
        department = Authority.DepartmentOf(new StateOverlay(view), transaction.Signer);
        if (!transaction.IsProtocol
            && _rates.WaitFor(new Sender(department, client), AdmissionOptions.CostOf(transaction), _time.MonotonicMs()) is { } waitMs)
            Answer(ticket, SubmissionResult.Refused(TooFast(department, waitMs)), isPooled: false);
        else if (_pool.FindById(transaction.Id) is { Obstacle: null } held && held.Transaction.LeafHash == transaction.LeafHash)
            Answer(ticket, SubmissionResult.Pending(null), isPooled: true);
        else if (view.FindTransaction(transaction.Id) is { } location)
            Answer(ticket, SubmissionResult.Committed(location), isPooled: false);
        else
            return false;
        return true;
    }

    private static Rejection TooFast(string department, long waitMs) => new(
        RejectionCode.RateExceeded,
        $"More comes {(department.Length > 0 ? $"in the name of {department}" : "by unknown signers")} than this node takes a second "
        + "(clients.submissionsPerSecond). Give the command, or submit the same envelope, again in some seconds, or use a submit stream, which waits.",
        ("department", department), (Rejection.RetryAfterMs, waitMs.ToString(CultureInfo.InvariantCulture)));

    private RoomAnswer Offer(PendingEnvelope envelope)
    {
        var pushedOut = new List<PendingEnvelope>();
        RoomAnswer answer = _arrivals.Offer(envelope.Sender, envelope, AdmissionOptions.CostOf(envelope.Transaction), pushedOut);
        foreach (PendingEnvelope lost in pushedOut)
            Finish(lost, SubmissionResult.Refused(PoolFull), isPooled: false);
        return answer;
    }

    private void DecodeGossip()
    {
        var batch = new List<(string Department, IReadOnlyList<ReadOnlyMemory<byte>> Envelopes)>();
        while (_gossiped.Take(batch, 1))
        {
            foreach ((string department, IReadOnlyList<ReadOnlyMemory<byte>> envelopes) in batch)
            {
                // In pieces: where there is no room, the rest of the batch is not decoded in vain.
                foreach (ReadOnlyMemory<byte>[] piece in envelopes.Chunk(DecodedTogether))
                {
                    if (!TryTakeGossip(department, piece))
                        break;
                }
            }
            batch.Clear();
        }
        _arrivals.Close();
    }

    /// <summary>Decodes, and queues what is new; false when there was room for none of it.</summary>
    private bool TryTakeGossip(string peer, ReadOnlyMemory<byte>[] envelopes)
    {
        int taken = 0, refused = 0;
        using LedgerSnapshot view = _ledger.OpenSnapshot();
        var state = new StateOverlay(view);
        foreach (DecodedEnvelope decoded in TransactionDecoder.DecodeAll(envelopes, _ledger.ChainId))
        {
            if (decoded.Transaction is not { } transaction || _pool.Contains(transaction.LeafHash) || view.FindTransaction(transaction.Id) is not null)
                continue;
            var sender = new Sender(Authority.DepartmentOf(state, transaction.Signer), peer);
            var envelope = new PendingEnvelope(transaction, sender, peer, isOwn: false);
            if (!_pending.TryAdd(transaction.LeafHash, envelope))
                continue;
            if (Offer(envelope) == RoomAnswer.Taken)
            {
                taken++;
                continue;
            }
            refused++;
            Finish(envelope, SubmissionResult.Refused(PoolFull), isPooled: false);
        }
        return taken > 0 || refused == 0;
    }

    private void AdmitAll()
    {
        var batch = new List<PendingEnvelope>(_options.BatchMax);
        while (_arrivals.Take(batch, _options.BatchMax))
        {
            // After taking: what woke this thread for an urgent request came behind the request.
            AdmitUrgent();
            Admit(batch.FindAll(static e => !e.IsProcessed));
            batch.Clear();
        }
        AdmitUrgent();
    }

    private void AdmitUrgent()
    {
        while (_urgent.TryDequeue(out UrgentRequest? request))
        {
            // A hostile proposal may name one twice.
            Admit([.. request.Envelopes.Where(static e => !e.IsProcessed).Distinct()]);
            request.Done.SetResult();
        }
    }

    private void Admit(List<PendingEnvelope> batch)
    {
        if (batch.Count == 0)
            return;
        batch.ForEach(static e => e.IsProcessed = true);
        VerifiedTransaction?[] verified = _verifier.Verify(batch.ConvertAll(static e => e.Transaction));
        var valid = new List<PendingEnvelope>(batch.Count);
        for (int i = 0; i < verified.Length; i++)
        {
            batch[i].Verified = verified[i];
            if (verified[i] is null)
            {
                Finish(batch[i], SubmissionResult.Refused(BadSignature), isPooled: false);
                continue;
            }
            if (batch[i].IsOwn)
                _rates.OnVerified(batch[i].Sender.Department, AdmissionOptions.CostOf(batch[i].Transaction), _time.MonotonicMs());
            valid.Add(batch[i]);
        }
        while (valid.Count > 0 && !TryPool(valid))
        {
            // A block came between judging and pooling: judge again on the new state.
        }
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
            // What no later block can change is final all the same: where nothing else is sent, none would come to say so.
            if (TransactionRules.Check(state, envelope.Transaction, view.Tip.Height + 1, view.Tip.TimestampMs) is { IsPermanent: true } final)
                return Final(envelope, final);
            return SubmissionResult.Pending(rejection with
            {
                Message = "By this node's clock the transaction has expired; by the newest block it has not, so another node may "
                    + "still have it. If signing it again does not help, compare this node's clock with yours.",
            });
        }
        if (rejection.Code == RejectionCode.Expired && view.Gap is { } gap)
            return SubmissionResult.Unknown(rejection, gap);
        return rejection.IsPermanent ? Final(envelope, rejection) : SubmissionResult.Refused(rejection);
    }

    private SubmissionResult Final(PendingEnvelope envelope, Rejection rejection)
    {
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
            if (answers[i] == PoolAnswer.Added)
                offered[i].Bringer?.Proven?.Invoke(offers[i].Entry.Department);
            Finish(offered[i], answers[i] == PoolAnswer.Full
                ? SubmissionResult.Refused(PoolFull)
                : SubmissionResult.Pending(offers[i].Obstacle));
        }
    }

    /// <summary>Answers, and forgets the envelope.</summary>
    private void Finish(PendingEnvelope envelope, SubmissionResult result, bool isPooled = true)
    {
        foreach (SubmissionTicket ticket in envelope.Close())
            Answer(ticket, result, isPooled);
        _pending.TryRemove(new KeyValuePair<Digest, PendingEnvelope>(envelope.Transaction.LeafHash, envelope));
    }

    /// <summary>Who waits for the end waits on only if the pool has it: of what is not there nobody will hear again.</summary>
    private void Answer(SubmissionTicket ticket, SubmissionResult result, bool isPooled)
    {
        DateTimeOffset now = _time.GetUtcNow();
        RecordTrace.Add(ticket.Trace, RecordTrace.Admission, ticket.SubmittedAt, now);
        if (!result.IsFinal)
            ticket.PooledAt = now;
        if (result.IsFinal || !ticket.UntilFinal || !isPooled)
            ticket.Complete(result);
    }

    private sealed record UrgentRequest(List<PendingEnvelope> Envelopes)
    {
        public TaskCompletionSource Done { get; } = new(TaskCreationOptions.RunContinuationsAsynchronously);
    }
}
