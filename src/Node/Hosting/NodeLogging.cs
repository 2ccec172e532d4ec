using Microsoft.Extensions.Logging;
using Microsoft.Extensions.Logging.Console;

namespace GovChain.Node.Hosting;

/// <summary>How a node logs: one line an event, on standard output, times in UTC.</summary>
internal static partial class NodeLogging
{
    /// <summary>The node's own messages at the chosen level; the web server's only when something is wrong.</summary>
    public static void Configure(ILoggingBuilder logging, LogLevel level)
    {
        logging.SetMinimumLevel(level);
        logging.AddFilter("Microsoft", level < LogLevel.Information ? level : LogLevel.Warning);
        logging.AddFilter("Microsoft.Extensions.Diagnostics.HealthChecks", LogLevel.None); // /health and status say it
        logging.AddFilter("Grpc", level < LogLevel.Information ? level : LogLevel.Warning);
        // Why a node does not start is what the command says; whether it is ready is what the health check answers.
        logging.AddFilter("Microsoft.Extensions.Hosting.Internal.Host", LogLevel.None);
        logging.AddFilter("Microsoft.Extensions.Diagnostics.HealthChecks", LogLevel.None);
        logging.AddSimpleConsole(console =>
        {
            console.SingleLine = true;
            console.UseUtcTimestamp = true;
            console.TimestampFormat = "yyyy-MM-ddTHH:mm:ss.fffZ ";
            console.ColorBehavior = LoggerColorBehavior.Disabled;
        });
    }

    [LoggerMessage(1000, LogLevel.Information,
        "{Department} is ready: clients at {Clients}, peers at {Peers}, administration at {Administration}.")]
    public static partial void Listening(
        ILogger logger, string department, string clients, string peers, string administration);
}
