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

    [LoggerMessage(5010, LogLevel.Information, "{Department} goes on at block {Height} of ledger {ChainId}; it {Role}.")]
    public static partial void Started(
        this ILogger logger, string department, ulong height, string chainId, string role);

    [LoggerMessage(5014, LogLevel.Information,
        "{Department} is ready: clients at {Clients}, peers at {Peers}, administration at {Administration}.")]
    public static partial void Listening(
        this ILogger logger, string department, string clients, string peers, string administration);

    [LoggerMessage(5011, LogLevel.Warning, "{Code}: {Text}")]
    public static partial void Alarm(this ILogger logger, GovChain.Consensus.AlarmCode code, string text);

    [LoggerMessage(5012, LogLevel.Critical, "The node stops: {Reason}")]
    public static partial void Fatal(this ILogger logger, Exception exception, string reason);

    [LoggerMessage(5013, LogLevel.Debug, "Block {Height} stored with {Transactions} transactions.")]
    public static partial void Stored(this ILogger logger, ulong height, int transactions);

    [LoggerMessage(5020, LogLevel.Warning,
        "The client listener's certificate ({Subject}) is good until {NotAfter:u}. Renew it: clients will refuse it then")]
    public static partial void CertificateExpires(this ILogger logger, string subject, DateTimeOffset notAfter);

    [LoggerMessage(5021, LogLevel.Information, "The client listener has a new certificate ({Subject}), good until {NotAfter:u}")]
    public static partial void CertificateRenewed(this ILogger logger, string subject, DateTimeOffset notAfter);

    [LoggerMessage(5022, LogLevel.Warning, "The client listener keeps its certificate: the new one cannot be used: {Reason}")]
    public static partial void CertificateNotRenewed(this ILogger logger, string reason);
}
