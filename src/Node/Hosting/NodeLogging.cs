using GovChain.Node.Configuration;
using Microsoft.Extensions.Hosting.Systemd;
using Microsoft.Extensions.Logging;
using Microsoft.Extensions.Logging.Console;
using Microsoft.Extensions.Logging.EventLog;

namespace GovChain.Node.Hosting;

/// <summary>How a node logs: one event a line, on standard output, times in UTC.</summary>
internal static class NodeLogging
{
    private const string TimestampFormat = "yyyy-MM-ddTHH:mm:ss.fffZ";

    /// <summary>The node's own messages at the chosen level; the web server's only when something is wrong.</summary>
    public static void Configure(ILoggingBuilder logging, NodeConfiguration configuration)
    {
        LogLevel level = configuration.LogLevel;
        logging.SetMinimumLevel(level);
        logging.AddFilter("Microsoft", level < LogLevel.Information ? level : LogLevel.Warning);
        logging.AddFilter("Microsoft.Extensions.Diagnostics.HealthChecks", LogLevel.None); // /health and status say it
        logging.AddFilter("Grpc", level < LogLevel.Information ? level : LogLevel.Warning);
        // A client's broken message is the client's to hear of; what services fail on, they log themselves.
        logging.AddFilter("Grpc.AspNetCore.Server.ServerCallHandler", LogLevel.None);
        // Why a node does not start is what the command says; whether it is ready is what the health check answers.
        logging.AddFilter("Microsoft.Extensions.Hosting.Internal.Host", LogLevel.None);
        if (configuration.LogFormat == LogFormat.Json)
            logging.AddJsonConsole(console => (console.UseUtcTimestamp, console.TimestampFormat) = (true, TimestampFormat));
        else if (SystemdHelpers.IsSystemdService())
            logging.AddSystemdConsole(); // the journal keeps time and priority
        else
            logging.AddSimpleConsole(console =>
            {
                (console.UseUtcTimestamp, console.TimestampFormat) = (true, TimestampFormat + " ");
                console.SingleLine = true;
                console.ColorBehavior = LoggerColorBehavior.Disabled;
            });
        if (WindowsService.IsRunning)
            logging.AddEventLog(new EventLogSettings { SourceName = WindowsService.EventSource });
    }
}
