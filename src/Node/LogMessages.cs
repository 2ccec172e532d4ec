using GovChain.Node.Tls;
using Microsoft.Extensions.Logging;

namespace GovChain.Node;

/// <summary>The log messages of this assembly: event ids 5000 to 5999. Numbers are never given twice.</summary>
internal static partial class LogMessages
{
    [LoggerMessage(5000, LogLevel.Information, "Connected with {Department}")]
    public static partial void PeerConnected(this ILogger logger, string department);

    [LoggerMessage(5001, LogLevel.Warning, "Connection with {Department} lost: {Reason}")]
    public static partial void PeerDisconnected(this ILogger logger, string department, string reason);

    [LoggerMessage(5002, LogLevel.Warning, "No connection with {Department}: {Reason}")]
    public static partial void PeerUnreachable(this ILogger logger, string department, string reason);

    [LoggerMessage(5003, LogLevel.Warning, "Refused a connection from {Address} ({Refusal}): {Reason}")]
    public static partial void PeerRefused(this ILogger logger, string address, PeerRefusal refusal, string reason);
}
