using System.Collections.Frozen;
using System.Globalization;
using Google.Protobuf.WellKnownTypes;
using Google.Rpc;
using GovChain.Core.Model;
using GovChain.Protos.V1;
using Grpc.Core;
using Rejection = GovChain.Protos.V1.Rejection;
using Status = Google.Rpc.Status;

namespace GovChain.Rpc;

/// <summary>
/// The error table: what each code is as a gRPC status with google.rpc details. ErrorInfo is always there: reason is
/// the code's name, domain "govchain", metadata the facts. docs/API.md shows the same table to people.
/// </summary>
internal static class ErrorStatus
{
    /// <summary>ErrorInfo.domain.</summary>
    public const string Domain = "govchain";

    /// <summary>ErrorInfo.reason where the time to wait is over.</summary>
    public const string TransactionPending = "TRANSACTION_PENDING";

    /// <summary>ErrorInfo.reason of what nobody foresaw.</summary>
    public const string Internal = "INTERNAL";

    /// <summary>A fact's value, characters: the details travel in one header, and headers are bounded.</summary>
    private const int FactCharsMax = 256;

    /// <summary>The message, characters.</summary>
    private const int MessageCharsMax = 1_024;

    private static readonly FrozenDictionary<string, StatusCode> ByRejection = System.Enum.GetValues<RejectionCode>()
        .ToFrozenDictionary(Core.Model.Rejection.NameOf, StatusOf, StringComparer.Ordinal);

    /// <summary>The status of a request that could not be answered.</summary>
    public static Status Of(LedgerRequestException error, TimeSpan retryAfter)
    {
        StatusCode code = StatusOf(error.Code);
        bool retry = code is StatusCode.OutOfRange or StatusCode.Unavailable or StatusCode.ResourceExhausted;
        Status status = Make(code, NameOf(error.Code), error.Message, error.Facts);
        if (error.Field is { } field)
            AddField(status, field, error.Message);
        if (retry || error.RetryAfter is not null)
            AddRetry(status, error.RetryAfter ?? retryAfter);
        return status;
    }

    /// <summary>The status of a refused or expired transaction.</summary>
    public static Status OfRefusal(TransactionOutcome outcome, TimeSpan retryAfter)
    {
        Rejection rejection = outcome.Rejection ?? throw new InvalidOperationException("A refusal without its reason.");
        var facts = rejection.Facts.Select(f => (f.Key, f.Value)).ToList();
        facts.Add(("permanent", rejection.Permanent ? "true" : "false"));
        if (outcome.TransactionId.Length > 0)
            facts.Add(("transactionId", outcome.TransactionId));
        StatusCode code = ByRejection.GetValueOrDefault(rejection.Code, StatusCode.FailedPrecondition);
        Status status = Make(code, rejection.Code, rejection.Message, facts);
        if (code == StatusCode.InvalidArgument)
            AddField(status, "envelope", rejection.Message);
        if (code is StatusCode.ResourceExhausted or StatusCode.Unavailable)
            AddRetry(status, RetryAfterOf(rejection, retryAfter));
        return status;
    }

    /// <summary>When to come back after a refusal: as it says itself, or as is usual.</summary>
    public static TimeSpan RetryAfterOf(Rejection rejection, TimeSpan usual) =>
        rejection.Facts.TryGetValue(Core.Model.Rejection.RetryAfterMs, out string? milliseconds)
            ? TimeSpan.FromMilliseconds(long.Parse(milliseconds, CultureInfo.InvariantCulture))
            : usual;

    /// <summary>The status of a request that ends before a service sees it.</summary>
    public static Status Of(
        DoorReason reason, string message, params IReadOnlyList<(string Name, string Value)> facts) =>
        Make(DoorReasons.StatusOf(reason), NameOf(reason), message, facts);

    /// <summary>The status of a read whose token does not count.</summary>
    public static Status Of(
        TokenRefusal refusal, string message, params IReadOnlyList<(string Name, string Value)> facts) =>
        Make(StatusCode.Unauthenticated, NameOf(refusal), message, facts);

    /// <summary>The status of a read whose certificate does not count.</summary>
    public static Status Of(
        CertificateRefusal refusal, string message, params IReadOnlyList<(string Name, string Value)> facts) =>
        Make(StatusCode.Unauthenticated, NameOf(refusal), message, facts);

    /// <summary>The time to wait for COMMITTED is over.</summary>
    public static Status OfPending(TransactionOutcome outcome)
    {
        var facts = new List<(string, string)> { ("transactionId", outcome.TransactionId) };
        if (outcome.Rejection is { } obstacle)
        {
            facts.Add(("obstacle", obstacle.Code));
            facts.AddRange(obstacle.Facts.Select(static f => (f.Key, f.Value)));
        }
        return Make(StatusCode.DeadlineExceeded, TransactionPending,
            $"Transaction {outcome.TransactionId} is not committed yet and may still commit."
            + (outcome.Rejection is { } waits ? $" It waits: {waits.Message}" : "")
            + " Submitting the same envelope again is safe: it can commit only once. Its id tells how it ended.", facts);
    }

    /// <summary>A time of <see cref="RequestClock"/> is over.</summary>
    public static Status OfLate(string reason, TimeSpan retryAfter) => reason switch
    {
        RequestClock.WaitedTooLong => Of(LedgerRequestException.ResourceExhausted(
            "Too many requests of this kind are under way, and this one's turn did not come."), retryAfter),
        RequestClock.BodyTooSlow => Of(DoorReason.BodyTooSlow,
            "The request's body did not arrive in the time that this node allows. Try over a better line."),
        RequestClock.GaveWay => Of(LedgerRequestException.ResourceExhausted(
            "Others needed the place in which this request waited: all were taken. What was not answered may still commit; submit the same "
            + "envelopes again after the hint, which is safe."), retryAfter),
        _ => Of(DoorReason.RequestTimeout,
            "This node did not answer in the time that it allows itself. A submission may still commit; submitting the "
            + "same envelope again is safe."),
    };

    /// <summary>Something this program did not foresee; the reference finds it in the node's log.</summary>
    public static Status OfUnexpected(string reference) => Make(StatusCode.Internal, Internal,
        $"The node failed to answer. Its log says more under reference {reference}.", [("reference", reference)]);

    /// <summary>A status with its ErrorInfo.</summary>
    public static Status Make(
        StatusCode code, string reason, string message, IReadOnlyList<(string Name, string Value)> facts)
    {
        var info = new ErrorInfo { Reason = reason, Domain = Domain };
        foreach ((string name, string value) in facts)
            info.Metadata[name] = Cut(value, FactCharsMax);
        return new Status { Code = (int)code, Message = Cut(message, MessageCharsMax), Details = { Any.Pack(info) } };
    }

    /// <summary>Adds BadRequest with one field.</summary>
    public static void AddField(Status status, string field, string description) =>
        status.Details.Add(Any.Pack(new BadRequest
        {
            FieldViolations =
            {
                new BadRequest.Types.FieldViolation
                {
                    Field = field,
                    Description = Cut(description, MessageCharsMax),
                },
            },
        }));

    /// <summary>Adds RetryInfo.</summary>
    public static void AddRetry(Status status, TimeSpan after) =>
        status.Details.Add(Any.Pack(new RetryInfo { RetryDelay = Duration.FromTimeSpan(after) }));

    /// <summary>The delay of RetryInfo in whole seconds for Retry-After, or null.</summary>
    public static string? RetrySeconds(Status status)
    {
        foreach (Any detail in status.Details)
        {
            if (detail.TryUnpack(out RetryInfo info))
                return Math.Ceiling(info.RetryDelay.ToTimeSpan().TotalSeconds).ToString(CultureInfo.InvariantCulture);
        }
        return null;
    }

    /// <summary>ErrorInfo.reason, or empty.</summary>
    public static string ReasonOf(Status status)
    {
        foreach (Any detail in status.Details)
        {
            if (detail.TryUnpack(out ErrorInfo info))
                return info.Reason;
        }
        return "";
    }

    /// <summary>NOT_YET_AVAILABLE of NotYetAvailable.</summary>
    public static string NameOf<T>(T code)
        where T : struct, System.Enum =>
        string.Concat(code.ToString()
            .Select((c, i) => i > 0 && char.IsAsciiLetterUpper(c) ? $"_{c}" : char.ToUpperInvariant(c).ToString()));

    /// <summary>What a rejection is as a gRPC status.</summary>
    public static StatusCode StatusOf(RejectionCode code) => code switch
    {
        RejectionCode.MalformedEnvelope or RejectionCode.TooLarge or RejectionCode.UnsupportedVersion
            or RejectionCode.UnsupportedAlgorithm or RejectionCode.WrongChain or RejectionCode.InvalidPublicKey
            or RejectionCode.InvalidSignature or RejectionCode.HighS or RejectionCode.InvalidField
            or RejectionCode.InvalidProof or RejectionCode.InvalidSchema or RejectionCode.InvalidPayload
            => StatusCode.InvalidArgument,
        RejectionCode.UnknownSigner or RejectionCode.SignerNotYetValid or RejectionCode.SignerExpired
            or RejectionCode.SignerRevoked or RejectionCode.DepartmentSuspended or RejectionCode.NotPermitted or RejectionCode.OwnSubmission => StatusCode.PermissionDenied,
        RejectionCode.VersionConflict => StatusCode.Aborted,
        RejectionCode.OfficerExists or RejectionCode.KeyInUse or RejectionCode.Duplicate
            or RejectionCode.AlreadySuspended or RejectionCode.AlreadyProven
            or RejectionCode.DepartmentExists or RejectionCode.SubmissionDecided
            or RejectionCode.ProposalDecided or RejectionCode.AlreadyVoted
            or RejectionCode.AlreadyCustodian => StatusCode.AlreadyExists,
        RejectionCode.PoolFull or RejectionCode.RateExceeded => StatusCode.ResourceExhausted,
        RejectionCode.NodeNotReady => StatusCode.Unavailable,
        _ => StatusCode.FailedPrecondition,
    };

    /// <summary>What an unanswered request is as a gRPC status.</summary>
    public static StatusCode StatusOf(LedgerErrorCode code) => code switch
    {
        LedgerErrorCode.InvalidArgument => StatusCode.InvalidArgument,
        LedgerErrorCode.NotFound => StatusCode.NotFound,
        LedgerErrorCode.NotYetAvailable => StatusCode.OutOfRange,
        LedgerErrorCode.PermissionDenied => StatusCode.PermissionDenied,
        LedgerErrorCode.NodeNotReady => StatusCode.Unavailable,
        LedgerErrorCode.ResourceExhausted => StatusCode.ResourceExhausted,
        LedgerErrorCode.DataDamaged => StatusCode.DataLoss,
        LedgerErrorCode.StreamIdle => StatusCode.DeadlineExceeded,
        LedgerErrorCode.SlowReader => StatusCode.ResourceExhausted,
        _ => throw new InvalidOperationException($"No status for {code}."),
    };

    private static string Cut(string text, int chars) => text.Length <= chars ? text : $"{text[..(chars - 1)]}…";
}

/// <summary>Carries a finished status to the interceptor.</summary>
internal sealed class StatusException(Status status) : Exception(status.Message)
{
    /// <summary>What the client is told.</summary>
    public Status Status => status;
}
