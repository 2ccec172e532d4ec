using System.Text;
using GovChain.Core.Model;
using GovChain.Protos.V1;

namespace GovChain.Rpc;

/// <summary>
/// The shape of requests: what <see cref="ILedgerGateway"/> may rely on. Each throws InvalidArgument with the field
/// and its rule.
/// </summary>
internal static class RequestRules
{
    /// <summary>Records or versions on a page where the client says nothing.</summary>
    public const uint PageSizeDefault = 100;

    /// <summary>Records or versions on a page at most.</summary>
    public const uint PageSizeMax = 1_000;

    private const int PageTokenCharsMax = 512;
    private const int StateIdBytesMax = 512;

    public static void TransactionId(string id)
    {
        if (id.Length != 64 || !id.All(static c => char.IsAsciiHexDigitLower(c)))
            throw LedgerRequestException.InvalidArgument("transaction_id", "must be 64 lower-case hexadecimal digits.");
    }

    public static void Type(string type)
    {
        if (!Identifiers.IsType(type))
            throw LedgerRequestException.InvalidArgument(
                "type", $"must be 1 to {Limits.TypeMax} of a-z, 0-9 and -, beginning with a letter.");
    }

    public static void Department(string id)
    {
        if (!Identifiers.IsDepartment(id))
            throw LedgerRequestException.InvalidArgument(
                "department", $"must be 1 to {Limits.DepartmentIdMax} of a-z, 0-9 and -, beginning with a letter.");
    }

    public static void RecordId(string id)
    {
        if (!Identifiers.IsRecordId(id))
            throw LedgerRequestException.InvalidArgument(
                "id", $"must be 1 to {Limits.RecordIdMax} of A-Z, a-z, 0-9 and ._:@+~-, and neither . nor ..");
    }

    /// <summary>The page size to use.</summary>
    public static uint Page(uint size, string token)
    {
        if (size > PageSizeMax)
            throw LedgerRequestException.InvalidArgument("page_size", $"must be at most {PageSizeMax}.");
        if (token.Length > PageTokenCharsMax)
            throw LedgerRequestException.InvalidArgument(
                "page_token", $"must be what the previous page gave, at most {PageTokenCharsMax} characters.");
        return size == 0 ? PageSizeDefault : size;
    }

    public static void StateId(int bytes)
    {
        if (bytes is < 1 or > StateIdBytesMax)
            throw LedgerRequestException.InvalidArgument("id", $"must be 1 to {StateIdBytesMax} bytes.");
    }

    /// <summary>A state value's id as people read it, its parts apart by slashes; in hexadecimal digits where it is no such text.</summary>
    public static string NameOf(ReadOnlySpan<byte> id)
    {
        string text = Encoding.Latin1.GetString(id).Replace('\0', '/');
        return text.All(static c => char.IsAsciiLetterOrDigit(c) || "-._:/".Contains(c)) ? text : Convert.ToHexStringLower(id);
    }

    /// <summary>What to wait for: COMMITTED where nothing is said.</summary>
    public static WaitFor Wait(WaitFor wait) => wait switch
    {
        WaitFor.Unspecified or WaitFor.Committed => WaitFor.Committed,
        WaitFor.Accepted => WaitFor.Accepted,
        _ => throw LedgerRequestException.InvalidArgument("wait_for", "must be ACCEPTED or COMMITTED."),
    };

    /// <summary>How long to wait.</summary>
    public static TimeSpan Timeout(uint milliseconds, RpcOptions options)
    {
        if (milliseconds == 0)
            return options.CommitWaitDefault;
        TimeSpan timeout = TimeSpan.FromMilliseconds(milliseconds);
        return timeout <= options.CommitWaitMax
            ? timeout
            : throw LedgerRequestException.InvalidArgument(
                "timeout_ms", $"must be at most {options.CommitWaitMax.TotalMilliseconds:0}.");
    }

    /// <summary>The refusal of an envelope whose size alone is wrong, or null.</summary>
    public static TransactionOutcome? Envelope(int bytes) => bytes switch
    {
        0 => Outcomes.Rejected("", Outcomes.ToMessage(new Core.Model.Rejection(
            RejectionCode.MalformedEnvelope, "The envelope is empty."))),
        > Limits.EnvelopeBytesMax => Outcomes.Rejected("", Outcomes.ToMessage(new Core.Model.Rejection(
            RejectionCode.TooLarge,
            $"The envelope has {bytes} bytes; at most {Limits.EnvelopeBytesMax} fit. Keep large documents outside and "
            + "put their digest on the ledger.",
            ("bytes", bytes.ToString()), ("bytesMax", Limits.EnvelopeBytesMax.ToString())))),
        _ => null,
    };

    /// <summary>Type and record in a state id of kind record or submission (type | 0x00 | record id).</summary>
    public static (string Type, string Record) RecordKey(ReadOnlySpan<byte> id)
    {
        int end = Math.Max(id.IndexOf((byte)0), 0);
        string type = Encoding.Latin1.GetString(id[..end]);
        string record = Encoding.Latin1.GetString(id[Math.Min(end + 1, id.Length)..]);
        return Identifiers.IsType(type) && Identifiers.IsRecordId(record)
            ? (type, record)
            : throw LedgerRequestException.InvalidArgument("id", "must be type, one zero byte, record id.");
    }
}
