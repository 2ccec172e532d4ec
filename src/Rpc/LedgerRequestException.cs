namespace GovChain.Rpc;

/// <summary>
/// A request that cannot be answered, for a reason the client can act on. The one exception that
/// <see cref="ILedgerGateway"/> and the services throw on purpose; one interceptor turns it into a gRPC status with
/// rich details, and transcoding turns that into HTTP.
/// </summary>
public sealed class LedgerRequestException : Exception
{
    private LedgerRequestException(LedgerErrorCode code, string message)
        : base(message) => Code = code;

    /// <summary>The stable code.</summary>
    public LedgerErrorCode Code { get; }

    /// <summary>Names and values behind the message. Sent to the client: nothing secret.</summary>
    public IReadOnlyList<(string Name, string Value)> Facts { get; private init; } = [];

    /// <summary>The field that breaks its rule, as the request names it; null where none does.</summary>
    public string? Field { get; private init; }

    /// <summary>When to try again; null where it would be of no use, or where the service's default will do.</summary>
    public TimeSpan? RetryAfter { get; private init; }

    /// <summary>A field breaks its rule.</summary>
    /// <param name="field">The field's name in the request, for example page_token.</param>
    /// <param name="rule">The rule in words, a sentence.</param>
    public static LedgerRequestException InvalidArgument(string field, string rule) =>
        new(LedgerErrorCode.InvalidArgument, $"{field}: {rule}") { Field = field };

    /// <summary>What was asked for does not exist on this ledger.</summary>
    public static LedgerRequestException NotFound(
        string message, params IReadOnlyList<(string Name, string Value)> facts) =>
        new(LedgerErrorCode.NotFound, message) { Facts = facts };

    /// <summary>It lies beyond the newest durable block, or the transaction is still pending.</summary>
    public static LedgerRequestException NotYetAvailable(
        string message, params IReadOnlyList<(string Name, string Value)> facts) =>
        new(LedgerErrorCode.NotYetAvailable, message) { Facts = facts };

    /// <summary>The client may not do this here; the message says where or who may.</summary>
    public static LedgerRequestException PermissionDenied(
        string message, params IReadOnlyList<(string Name, string Value)> facts) =>
        new(LedgerErrorCode.PermissionDenied, message) { Facts = facts };

    /// <summary>The node cannot serve now: no genesis, catching up, stopping.</summary>
    public static LedgerRequestException NotReady(string message, TimeSpan? retryAfter = null) =>
        new(LedgerErrorCode.NodeNotReady, message) { RetryAfter = retryAfter };

    /// <summary>A bound of this node is reached.</summary>
    public static LedgerRequestException ResourceExhausted(string message, TimeSpan? retryAfter = null) =>
        new(LedgerErrorCode.ResourceExhausted, message) { RetryAfter = retryAfter };

    /// <summary>Nothing came on a stream for too long, and nothing was under way on it.</summary>
    public static LedgerRequestException StreamIdle(string message) => new(LedgerErrorCode.StreamIdle, message);

    /// <summary>The client of a stream took no message for too long.</summary>
    public static LedgerRequestException SlowReader(
        string message, params IReadOnlyList<(string Name, string Value)> facts) =>
        new(LedgerErrorCode.SlowReader, message) { Facts = facts };

    /// <summary>What was read does not verify. The message says what and where; the damaged bytes are not served.
    /// </summary>
    public static LedgerRequestException DataDamaged(
        string message, params IReadOnlyList<(string Name, string Value)> facts) =>
        new(LedgerErrorCode.DataDamaged, message) { Facts = facts };
}

/// <summary>
/// Why a request was not answered, apart from what happened to a transaction (which is a rejection). The name in
/// upper snake case is ErrorInfo.reason: frozen, the list only grows. docs/API.md has the table.
/// </summary>
public enum LedgerErrorCode
{
    /// <summary>A field of the request breaks its rule. Fact: the field.</summary>
    InvalidArgument,

    /// <summary>No such transaction, record, version or type.</summary>
    NotFound,

    /// <summary>Beyond the newest block, or still pending; with a retry hint.</summary>
    NotYetAvailable,

    /// <summary>Not for this reader, or not on this listener. Fact `listener`, or the facts of NOT_PERMITTED.</summary>
    PermissionDenied,

    /// <summary>The node cannot serve now: no genesis, catching up, stopping; with a retry hint.</summary>
    NodeNotReady,

    /// <summary>Too many requests or streams at once; with a retry hint.</summary>
    ResourceExhausted,

    /// <summary>What was read does not verify, and is not served.</summary>
    DataDamaged,

    /// <summary>A submit stream without an envelope for five minutes, and none under way.</summary>
    StreamIdle,

    /// <summary>The client of a stream took nothing for 30 seconds. Fact `nextPosition` of a subscription.</summary>
    SlowReader,
}
