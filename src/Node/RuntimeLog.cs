using Microsoft.Extensions.Logging;

namespace GovChain.Node;

/// <summary>What the runtime writes to the log. Event ids 2000 to 2099.</summary>
internal static partial class RuntimeLog
{
    [LoggerMessage(2000, LogLevel.Information,
        "{Department} goes on at block {Height} of ledger {ChainId}; it {Role}.")]
    public static partial void Started(this ILogger log, string department, ulong height, string chainId, string role);

    [LoggerMessage(2001, LogLevel.Warning, "{Code}: {Text}")]
    public static partial void Alarm(this ILogger log, GovChain.Consensus.AlarmCode code, string text);

    [LoggerMessage(2002, LogLevel.Critical, "The node stops: {Reason}")]
    public static partial void Fatal(this ILogger log, Exception exception, string reason);

    [LoggerMessage(2003, LogLevel.Debug, "Block {Height} stored with {Transactions} transactions.")]
    public static partial void Stored(this ILogger log, ulong height, int transactions);
}
