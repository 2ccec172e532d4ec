using System.Security.Authentication;
using Google.Rpc;
using Grpc.Core;
using Rejection = GovChain.Core.Model.Rejection;

namespace GovChain.Client;

/// <summary>
/// A node did not do what was asked, with the reason it gave; or it could not be reached.
/// </summary>
public sealed class LedgerClientException : Exception
{
    // RFC 9113, section 7.
    private const long NoError = 0x0;
    private const long ProtocolError = 0x1;
    private const long InternalError = 0x2;
    private const long SettingsTimeout = 0x4;
    private const long StreamClosed = 0x5;
    private const long RefusedStream = 0x7;
    private const long Cancel = 0x8;
    private const long ConnectError = 0xa;
    private const long EnhanceYourCalm = 0xb;

    private static readonly TimeSpan HintMax = TimeSpan.FromSeconds(30);

    private LedgerClientException(StatusCode status, string reason, string message, Exception? inner)
        : base(message, inner)
    {
        Status = status;
        Reason = reason;
    }

    /// <summary>The gRPC status.</summary>
    public StatusCode Status { get; }

    /// <summary>The stable code: a rejection code such as VERSION_CONFLICT, a request error such as NOT_FOUND, or the
    /// status's name where the node gave no details.</summary>
    public string Reason { get; }

    /// <summary>Names and values behind the message.</summary>
    public IReadOnlyDictionary<string, string> Facts { get; private init; } = new Dictionary<string, string>();

    /// <summary>When the node says to try again, 1 ms to 30 s; null where it says nothing that can be used.</summary>
    public TimeSpan? RetryAfter { get; private init; }

    /// <summary>The same request may succeed later without a change.</summary>
    public bool IsTransient => IsTransientStatus(Status);

    /// <summary>A request that ends so may succeed later without a change.</summary>
    public static bool IsTransientStatus(StatusCode status) => status is StatusCode.Unavailable or StatusCode.ResourceExhausted
        or StatusCode.DeadlineExceeded or StatusCode.Cancelled; // cancelled by the other side: our own never gets here

    internal static LedgerClientException From(RpcException e, Uri node)
    {
        Google.Rpc.Status? rich = TryGetDetails(e);
        ErrorInfo? info = rich?.GetDetail<ErrorInfo>();
        if (info is null && IsUntrusted(e))
            return Unusable(UntrustedReason, $"No connection to the node at {node} can be trusted: {CauseOf(e).TrimEnd('.')}. Is --ca the "
                + "authority that signed its certificate, is that for this host name, and does a node's client listener answer there?", e);
        StatusCode status = IsLostConnection(e) ? StatusCode.Unavailable : e.StatusCode;
        string message = info is null && status is StatusCode.Unavailable
            ? $"The node at {node} cannot be reached{(CauseOf(e).Trim().TrimEnd('.') is { Length: > 0 } cause ? $": {cause}" : "")}. "
                + "Is it running, and is this its client address?"
            : info is null && Causes(e).Any(static c => c is HttpProtocolException)
            ? $"What answers at {node} breaks the protocol: {CauseOf(e).Trim().TrimEnd('.')}. Is it a node, and this its client address?"
            : e.Status.Detail.Trim() is { Length: > 0 } said ? said : Wordless(status, node);
        return new LedgerClientException(status, info?.Reason ?? NameOf(status), message, e)
        {
            Facts = info is null ? new Dictionary<string, string>() : new Dictionary<string, string>(info.Metadata),
            RetryAfter = HintIn(rich),
        };
    }

    /// <summary>Whether what was sent may have been taken all the same: the answer did not come, or not in time.</summary>
    public bool IsOpen => Status is StatusCode.DeadlineExceeded or StatusCode.Cancelled || Reason == NameOf(StatusCode.Unavailable);

    /// <summary>The same with a sentence more: what can be done about it here.</summary>
    public LedgerClientException With(string advice) =>
        new(Status, Reason, $"{Message.TrimEnd()} {advice}", InnerException) { Facts = Facts, RetryAfter = RetryAfter };

    /// <summary>The <see cref="Reason"/> where a node has taken a transaction that is not committed yet.</summary>
    internal const string PendingReason = "TRANSACTION_PENDING";

    /// <summary>The <see cref="Reason"/> of <see cref="StreamEnded"/>.</summary>
    internal const string StreamEndedReason = "STREAM_ENDED";

    /// <summary>The node ended a stream that had more to say; connecting again may help.</summary>
    internal static LedgerClientException StreamEnded(Exception? inner = null) =>
        new(StatusCode.Unavailable, StreamEndedReason, "The node ended the stream.", inner);

    /// <summary>The reason where an answer does not prove what it says.</summary>
    public const string UnprovenReason = "UNPROVEN_ANSWER";

    /// <summary>The node's answer is not what the departments certified.</summary>
    internal static LedgerClientException Unproven(Uri node, string problem) => new(
        StatusCode.DataLoss, UnprovenReason,
        $"What the node at {node} answers is not proven: {problem.TrimEnd('.')}. Ask another department's node, and tell the operator of this one.", null);

    /// <summary>Answers that belong together came from before and from after a change.</summary>
    /// <param name="node">Who answered.</param>
    /// <param name="what">What changed, as a sentence begins.</param>
    internal static LedgerClientException Changed(Uri node, string what = "The departments that vote") => new(
        StatusCode.Unavailable, NameOf(StatusCode.Unavailable), $"{what} changed while the node at {node} was asked. Try again.", null);

    /// <summary>The node's newest block is older than one that is proven already.</summary>
    internal static LedgerClientException Behind(Uri node, ulong height, ulong known) => new(
        StatusCode.Unavailable, NameOf(StatusCode.Unavailable),
        $"The node at {node} shows the ledger as of block {height}; block {known} is known already. Try again in a while, or ask another node.", null);

    /// <summary>The node took longer than it is waited for.</summary>
    internal static LedgerClientException Late(Uri node, Exception inner) => new(
        StatusCode.DeadlineExceeded, NameOf(StatusCode.DeadlineExceeded), Wordless(StatusCode.DeadlineExceeded, node), inner);

    /// <summary>There is nothing to change.</summary>
    internal static LedgerClientException Missing(RecordKey record) => new(
        StatusCode.NotFound, NameOf(StatusCode.NotFound), $"There is no record {record}. Register it first.", null);

    /// <summary>What every node would refuse, found before one was asked.</summary>
    internal static LedgerClientException Refused(Rejection rejection) =>
        new(StatusCode.InvalidArgument, rejection.CodeName, rejection.Message, null)
        {
            Facts = rejection.Facts.ToDictionary(static f => f.Name, static f => f.Value),
        };

    /// <summary>The reason where TLS came to nothing.</summary>
    public const string UntrustedReason = "UNTRUSTED_CERTIFICATE";

    internal static LedgerClientException Unusable(string reason, string message, Exception? inner = null) =>
        new(StatusCode.FailedPrecondition, reason, message, inner);

    /// <summary>
    /// The node closed the connection of a stream it had ended, because more of that stream arrived (RFC 9113, section 5.1):
    /// every call on it ends with a status that says nothing about the call. A proxy whose node goes away says that it failed itself,
    /// or takes the call back; an overloaded one is slow to settle, refuses, or asks for calm. The other codes speak of a peer that
    /// breaks or lacks the protocol, and will the next time. A connection that is lost as it comes about, before the call has a stream
    /// on it, has neither code nor cause. One that does not come about in time, and one on which the node has fallen silent, are ended
    /// here.
    /// </summary>
    private static bool IsLostConnection(RpcException e) => HasFallenSilent(e) || IsLate(e)
        || e.Status.DebugException?.GetBaseException() is HttpProtocolException
        {
            ErrorCode: NoError or InternalError or SettingsTimeout or StreamClosed or RefusedStream or Cancel or ConnectError or EnhanceYourCalm
        } or HttpRequestException { StatusCode: null, HttpRequestError: HttpRequestError.Unknown };

    /// <summary>The time to connect was over: a stopped process, whose system still accepts, a node with too much to do, or a filter
    /// that drops what is sent. The channel calls it cancelled.</summary>
    private static bool IsLate(RpcException e) => Causes(e).Any(static c => c is TimeoutException);

    /// <summary>The node owed the answer to a ping. The channel gives that the code of a broken protocol, and only its words tell
    /// the two apart.</summary>
    private static bool HasFallenSilent(RpcException e) => Causes(e).Any(
        static c => c is HttpProtocolException { ErrorCode: ProtocolError } && c.Message.Contains("ping", StringComparison.Ordinal));

    /// <summary>TLS came to nothing: another authority, another name, or no TLS at all. Trying again changes nothing.</summary>
    private static bool IsUntrusted(RpcException e) => Causes(e).Any(static c => c is AuthenticationException { InnerException: not IOException });

    /// <summary>What the network said, not what the channel makes of it.</summary>
    private static string CauseOf(RpcException e) =>
        IsLate(e) ? "no connection came about in time, as where it is stopped or has too much to do"
        : HasFallenSilent(e) ? "it has fallen silent, as where it is stopped or cut off"
        : e.Status.DebugException?.GetBaseException().Message ?? e.Status.Detail;

    private static IEnumerable<Exception> Causes(RpcException e)
    {
        for (Exception? cause = e.Status.DebugException; cause is not null; cause = cause.InnerException)
            yield return cause;
    }

    /// <summary>What a status says that came without a word: of the deadline of this side, of a proxy, of a node that broke off.</summary>
    internal static string Wordless(StatusCode status, Uri node) => status switch
    {
        StatusCode.DeadlineExceeded => $"The node at {node} did not answer in time. If it was a submission, it may be recorded all the same: look it up before "
            + "you do it again. If this lasts, ask the node's operator, or another department's node.",
        StatusCode.Cancelled or StatusCode.Aborted => $"The node at {node}, or what lies between, broke the request off. If it was a submission, it may be recorded "
            + "all the same: look it up before you do it again.",
        StatusCode.Unavailable => $"The node at {node} cannot be reached. Is it running, and is this its client address?",
        StatusCode.ResourceExhausted => $"The node at {node} has too much to do now, or the answer is longer than it may be. Try again in a while.",
        StatusCode.Unauthenticated or StatusCode.PermissionDenied => $"The node at {node} does not do this for whoever asks at this address. Ask its operator "
            + "which listener serves it.",
        StatusCode.NotFound => $"The node at {node} does not have what was asked for. Check the name, and that the address is this ledger's.",
        StatusCode.Unimplemented => $"What answers at {node} does not know this request. Is it a node of this release, and its client address?",
        StatusCode.InvalidArgument or StatusCode.OutOfRange or StatusCode.FailedPrecondition or StatusCode.AlreadyExists =>
            $"The node at {node} refused the request and does not say why. Its operator finds more in its log.",
        _ => $"The node at {node}, or what lies between, failed to answer and does not say why. Try again; its operator finds more in its log.",
    };

    /// <summary>A node may lie about that, too: what is no time to wait is not said, what is very long is 30 s.</summary>
    private static TimeSpan? HintIn(Google.Rpc.Status? details)
    {
        try
        {
            return details?.GetDetail<RetryInfo>()?.RetryDelay?.ToTimeSpan() is { TotalMilliseconds: >= 1 } hint
                ? hint < HintMax ? hint : HintMax
                : null;
        }
        catch (Exception e) when (e is InvalidOperationException or OverflowException or Google.Protobuf.InvalidProtocolBufferException)
        {
            return null;
        }
    }

    private static Google.Rpc.Status? TryGetDetails(RpcException e)
    {
        try
        {
            return e.GetRpcStatus();
        }
        catch (Google.Protobuf.InvalidProtocolBufferException)
        {
            return null; // a proxy's trailer is not the node's: the plain status says enough
        }
    }

    private static string NameOf(StatusCode code) => string.Concat(
        code.ToString().Select((c, i) => i > 0 && char.IsAsciiLetterUpper(c) ? $"_{c}" : $"{char.ToUpperInvariant(c)}"));
}
