using System.Diagnostics;
using GovChain.Core.Cryptography;
using GovChain.Core.Execution;
using GovChain.Core.Model;
using GovChain.Storage;

namespace GovChain.Node.Pool;

/// <summary>What a submitter is told.</summary>
/// <param name="Location">Where the transaction is on the ledger, if it is.</param>
/// <param name="Rejection">Why it is refused, or its present obstacle while it is pending.</param>
/// <param name="IsFinal">Committed, refused or expired; otherwise it is pending.</param>
/// <param name="MayBeBelow">Blocks that are not filled in yet and may hold it, so that nothing else can be said.</param>
internal readonly record struct SubmissionResult(
    TransactionLocation? Location, Rejection? Rejection, bool IsFinal, LedgerGap? MayBeBelow = null)
{
    /// <summary>For a log: accepted, or refused and why.</summary>
    public string Answer => Rejection is not { } rejection ? "accepted"
        : $"{(IsFinal ? "refused" : "accepted, but cannot be recorded yet")}: {rejection.CodeName}, {rejection.Message}";

    /// <summary>On the ledger.</summary>
    public static SubmissionResult Committed(TransactionLocation location) => new(location, null, true);

    /// <summary>Refused or expired.</summary>
    public static SubmissionResult Refused(Rejection rejection) => new(null, rejection, true);

    /// <summary>Expired, and perhaps on the ledger since long: in a block that is not filled in yet.</summary>
    public static SubmissionResult Unknown(Rejection rejection, LedgerGap gap) => new(null, rejection, true, gap);

    /// <summary>Out of the pool: refused, or pending still where only a clock says that it expired.</summary>
    public static SubmissionResult Of(PoolExit exit, ulong headerTimeMs) =>
        exit.IsFinalAfter(headerTimeMs) ? Refused(exit.Rejection) : Pending(exit.Rejection);

    /// <summary>In the pool.</summary>
    public static SubmissionResult Pending(Rejection? obstacle) => new(null, obstacle, false);
}

/// <summary>Somebody who waits for what becomes of a transaction.</summary>
internal sealed class SubmissionTicket(
    Digest transactionId, bool untilFinal, DateTimeOffset submittedAt, ActivityContext trace = default, Action<string>? proven = null)
{
    private readonly TaskCompletionSource<SubmissionResult> _completion =
        new(TaskCreationOptions.RunContinuationsAsynchronously);

    /// <summary>The transaction.</summary>
    public Digest TransactionId { get; } = transactionId;

    /// <summary>Waits for the final state; otherwise the answer of admission is enough.</summary>
    public bool UntilFinal { get; } = untilFinal;

    /// <summary>When it was submitted.</summary>
    public DateTimeOffset SubmittedAt { get; } = submittedAt;

    /// <summary>The submission's span; default where it is not traced.</summary>
    public ActivityContext Trace { get; } = trace;

    /// <summary>Told the department whose transaction the ticket's envelope is found to be, where that is what brought it into the
    /// pool; null: nobody asks.</summary>
    public Action<string>? Proven => proven;

    /// <summary>When the transaction came into the pool; null before, and where it did not.</summary>
    public DateTimeOffset? PooledAt { get; set; }

    /// <summary>When the block that holds the transaction became durable; null where it was so before.</summary>
    public DateTimeOffset? DurableAt { get; set; }

    /// <summary>The result, once it is known.</summary>
    public Task<SubmissionResult> Result => _completion.Task;

    /// <summary>Answers, unless it was answered before.</summary>
    public void Complete(SubmissionResult result) => _completion.TrySetResult(result);
}
