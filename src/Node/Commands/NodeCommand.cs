using System.CommandLine;
using GovChain.Node.Configuration;
using GovChain.Node.Hosting;

namespace GovChain.Node.Commands;

/// <summary><c>govchain node</c>: running a department's node.</summary>
internal static class NodeCommand
{
    /// <summary>The command that runs a node.</summary>
    public const string RunName = "run";

    public static Command Create() => new("node", "Run and look after a department's node")
    {
        Run(),
        ConfigurationCommands.Check(),
        ConfigurationCommands.Init(),
        StatusCommand.Create(),
        BackupCommands.Backup(),
        BackupCommands.Restore(),
        RepairCommand.Create(),
    };

    internal static Option<string> ConfigurationOption() => new("--config")
    {
        Description = "The node's configuration file",
        HelpName = "FILE",
        Required = true,
    };

    private static Command Run()
    {
        Option<string> file = ConfigurationOption();
        Option<string?> passphraseFile = KeyOptions.PassphraseFile();
        passphraseFile.Description = "File with the validator key's passphrase (default: passphraseFile of the configuration, else "
            + "$GOVCHAIN_PASSPHRASE, else asked for)";
        var stopWithInput = new Option<bool>("--stop-with-stdin") { Hidden = true };
        Option<bool> json = Output.JsonOption();
        json.Description = "Log one JSON object a line, whatever the configuration says, and end with an error as one, for scripts";
        var command = new Command(RunName, "Run a node until Ctrl-C or SIGTERM, or as a service of systemd or Windows")
            { file, passphraseFile, json, stopWithInput };
        command.SetAction(async (result, cancellation) =>
        {
            using var stop = CancellationTokenSource.CreateLinkedTokenSource(cancellation);
            if (result.GetValue(stopWithInput))
                _ = StopWithInputAsync(stop);
            if (WindowsService.IsRunning)
                await WindowsService.RunAsync(RunAsync);
            else
                await RunAsync(stop.Token);
            return ExitCode.Ok;

            Task RunAsync(CancellationToken ending)
            {
                NodeConfiguration configuration = ConfigurationReader.Read(result.GetRequiredValue(file));
                if (result.GetValue(passphraseFile) is { } given)
                    configuration = configuration with { PassphraseFile = given };
                if (result.GetValue(json))
                    configuration = configuration with { LogFormat = LogFormat.Json };
                return new NodeHost(configuration).RunAsync(ending);
            }
        });
        return command;
    }

    /// <summary>The program that started this one has ended, or closed the pipe to say so.</summary>
    private static async Task StopWithInputAsync(CancellationTokenSource stop)
    {
        using Stream input = Console.OpenStandardInput();
        byte[] ignored = new byte[256];
        while (await input.ReadAsync(ignored) > 0)
        {
        }
        await stop.CancelAsync();
    }
}
