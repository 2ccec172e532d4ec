using System.Runtime.Versioning;
using System.ServiceProcess;
using GovChain.Node.Commands;
using Microsoft.Extensions.DependencyInjection;
using Microsoft.Extensions.Hosting;
using Microsoft.Extensions.Hosting.WindowsServices;
using Microsoft.Extensions.Logging;

namespace GovChain.Node.Hosting;

/// <summary>A node under the Windows service control manager, which starts it and tells it to stop.</summary>
internal static class WindowsService
{
    /// <summary>The source that its entries in the event log Application have.</summary>
    public const string EventSource = "govchain";

    /// <summary>Longer than a node takes to stop in order.</summary>
    private static readonly TimeSpan ShutdownTimeout = TimeSpan.FromMinutes(1);

    /// <summary>Whether the service control manager started this process.</summary>
    [SupportedOSPlatformGuard("windows")]
    public static bool IsRunning => OperatingSystem.IsWindows() && WindowsServiceHelpers.IsWindowsService();

    /// <summary>Runs a node as a service, until the manager stops it or it ends by itself.</summary>
    /// <remarks>
    /// An end that a person must mend (<see cref="ExitCode.NeedsOperator"/>) is reported as an orderly stop with that code,
    /// and the manager leaves it at that. Any other failure ends the process without a report, which is what the manager's
    /// recovery actions wait for.
    /// </remarks>
    /// <param name="node">Runs the node until its token is cancelled.</param>
    [SupportedOSPlatform("windows")]
    public static async Task RunAsync(Func<CancellationToken, Task> node)
    {
        HostApplicationBuilder builder = Host.CreateEmptyApplicationBuilder(
            new HostApplicationBuilderSettings { ApplicationName = EventSource });
        builder.Services.AddWindowsService();
        builder.Services.Configure<HostOptions>(host => host.ShutdownTimeout = ShutdownTimeout);
        builder.Services.AddSingleton(node);
        builder.Services.AddHostedService<Service>();
        using IHost host = builder.Build();
        await host.RunAsync();
    }

    [SupportedOSPlatform("windows")]
    private sealed class Service(
        Func<CancellationToken, Task> node, IHostLifetime lifetime, IHostApplicationLifetime application, ILogger<Service> log)
        : BackgroundService
    {
        protected override async Task ExecuteAsync(CancellationToken stoppingToken)
        {
            try
            {
                await node(stoppingToken);
            }
            catch (Exception e)
            {
                (int code, _, string message) = CommandRunner.Explain(e);
                log.ServiceFailed(code, message);
                if (!ExitCode.NeedsOperator(code))
                    Environment.Exit(code);
                if (lifetime is ServiceBase service)
                    service.ExitCode = code;
            }
            application.StopApplication();
        }
    }
}
