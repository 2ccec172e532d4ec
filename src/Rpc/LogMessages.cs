using Microsoft.Extensions.Logging;

namespace GovChain.Rpc;

/// <summary>The log messages of this assembly: event ids 4000 to 4099.</summary>
internal static partial class LogMessages
{
    [LoggerMessage(4000, LogLevel.Error, "{Method} failed unexpectedly, reference {Reference}")]
    public static partial void RequestFailed(this ILogger logger, Exception exception, string method, string reference);

    [LoggerMessage(4001, LogLevel.Error, "{Method}: {Problem}")]
    public static partial void DataDamaged(this ILogger logger, string method, string problem);
}
