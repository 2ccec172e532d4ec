using System.Diagnostics;
using GovChain.Core.Cryptography;
using GovChain.Core.Execution;
using GovChain.Core.Model;
using GovChain.Node.Alarms;
using GovChain.Node.Consensus;
using GovChain.Node.Ledger;
using GovChain.Node.Pool;
using GovChain.Node.Tracing;
using GovChain.Protos.V1;
using GovChain.Rpc;
using GovChain.Storage;
using Microsoft.Extensions.Logging;
using Transaction = GovChain.Core.Model.Transaction;

namespace GovChain.Node.Gateway;

/// <summary>The node as the services see it: submissions through admission, reads from snapshots of the ledger.</summary>
/// <remarks>Keeps nothing between calls apart from those who wait.</remarks>
internal sealed partial class LedgerGateway(
    Genesis genesis,
    IReadOnlyList<GenesisSignature> genesisSignatures,
    string self,
    LedgerHead ledger,
    TransactionPool pool,
    Admission admission,
    TicketOffice tickets,
    OutcomeMemory outcomes,
    ReadRegister reads,
    ISignatureVerifier verifier,
    NodeStatus status,
    NodeMetrics metrics,
    AlarmBoard alarms,
    TimeProvider time,
    CancellationToken stopping,
    ILogger log) : ILedgerGateway
{
    private readonly LedgerHead _ledger = ledger;
    private readonly TransactionPool _pool = pool;
    private readonly OutcomeMemory _outcomes = outcomes;
    private readonly NodeStatus _status = status;

    /// <inheritdoc/>
    public NodeReadiness Readiness => _status.Readiness;

    /// <inheritdoc/>
    public CancellationToken Stopping => stopping;

    /// <inheritdoc/>
    public Task<TransactionOutcome> SubmitAsync(
        ReadOnlyMemory<byte> envelope, Submitter submitter, WaitFor waitFor, TimeSpan timeout, CancellationToken cancellation)
    {
        Activity? submit = RecordTrace.StartSubmit();
        Transaction? transaction = TransactionDecoder.TryDecode(envelope, genesis.ChainId, out Core.Model.Rejection? rejection);
        if (transaction is null)
        {
            submit?.Dispose();
            return Task.FromResult(Outcomes.Rejected("", Messages.Of(rejection!)));
        }
        var ticket = new SubmissionTicket(
            transaction.Id, waitFor != WaitFor.Accepted, time.GetUtcNow(), submit?.Context ?? default, submitter.Proven);
        // Before the first await: submissions of one caller enter in the order of its calls.
        admission.Submit(transaction, self, submitter.Address, ticket);
        return WaitAsync(ticket, submit, timeout, cancellation);
    }

    /// <inheritdoc/>
    public ReadOnlyMemory<byte> GetReceipt(string transactionId)
    {
        Core.Cryptography.Digest id = ParseId(transactionId);
        HeldTransaction? pooled = _pool.FindById(id);
        return Read(view => view.FindTransaction(id) is { } location
            ? ReceiptBuilder.Build(genesis, view, location)
            : throw (pooled is { } held ? NoReceiptYet(transactionId, ObstacleOf(held, view)) : NoTransaction(view, transactionId)));
    }

    /// <inheritdoc/>
    public GetGenesisResponse GetGenesis()
    {
        var response = new GetGenesisResponse
        {
            ChainId = genesis.ChainId.ToString(),
            Body = Google.Protobuf.UnsafeByteOperations.UnsafeWrap(genesis.Bytes),
        };
        response.Signatures.AddRange(genesisSignatures);
        return response;
    }

    /// <inheritdoc/>
    public GetStatusResponse GetStatus() => _status.Describe();

    private async Task<TransactionOutcome> WaitAsync(
        SubmissionTicket ticket, Activity? submit, TimeSpan timeout, CancellationToken cancellation)
    {
        try
        {
            SubmissionResult result = await ticket.Result.WaitAsync(timeout, cancellation);
            if (result.MayBeBelow is { } gap)
                return Outcomes.Pending(ticket.TransactionId.ToString(), NotKnownYet(gap));
            if (ticket.DurableAt is { } durable)
            {
                metrics.Committed(durable - ticket.SubmittedAt);
                RecordTrace.Add(ticket.Trace, RecordTrace.Receipt, durable, time.GetUtcNow());
            }
            submit?.SetTag("govchain.transaction", ticket.TransactionId.ToString())
                .SetTag("govchain.outcome", result.Location is not null ? "committed" : result.Rejection?.Code.ToString() ?? "pending");
            return result is { IsFinal: false, Rejection: null } && !ticket.UntilFinal
                ? Pending(ticket.TransactionId) : Outcome(ticket.TransactionId.ToString(), result);
        }
        catch (TimeoutException)
        {
            return Pending(ticket.TransactionId);
        }
        finally
        {
            submit?.Dispose();
            if (ticket.UntilFinal)
                tickets.Return(ticket);
        }
    }

    private TransactionOutcome Pending(Core.Cryptography.Digest id)
    {
        Core.Model.Rejection? obstacle = _pool.FindById(id) is { } held ? held.Obstacle ?? (held.IsAhead ? Read(view => ObstacleOf(held, view)) : null) : null;
        return Outcomes.Pending(id.ToString(), obstacle is null ? null : Messages.Of(obstacle));
    }

    /// <summary>Why a held transaction cannot commit now, as far as is known. Of a version that is missing before it the
    /// ledger's state knows how far it is.</summary>
    private Core.Model.Rejection? ObstacleOf(HeldTransaction held, LedgerSnapshot view)
    {
        if (!held.IsAhead)
            return held.Obstacle;
        ulong timeMs = Math.Max(time.NowMs(), view.Tip.TimestampMs + 1);
        return TransactionRules.Check(new StateOverlay(view), held.Transaction, view.Tip.Height + 1, timeMs) is
        { Code: RejectionCode.VersionAhead } ahead ? ahead : null;
    }

    private static LedgerRequestException NoReceiptYet(string transactionId, Core.Model.Rejection? obstacle) =>
        LedgerRequestException.NotYetAvailable(
            "The transaction is not in a block yet; its receipt comes with the block."
                + (obstacle is null ? "" : $" It waits: {obstacle.Message}"),
            [("transactionId", transactionId), .. obstacle is null ? [] : obstacle.Facts.Prepend(("obstacle", obstacle.CodeName))]);

    private static TransactionOutcome Outcome(string id, SubmissionResult result)
    {
        if (result.Location is { } location)
            return Outcomes.Committed(id, location.Height, location.Position);
        if (result.IsFinal)
            return Refused(id, result.Rejection!);
        return Outcomes.Pending(id, result.Rejection is { } obstacle ? Messages.Of(obstacle) : null);
    }

    private static TransactionOutcome Refused(string id, Core.Model.Rejection rejection) =>
        rejection.Code == RejectionCode.Expired
            ? Outcomes.Expired(id, Messages.Of(rejection))
            : Outcomes.Rejected(id, Messages.Of(rejection));
}
