using System.CommandLine;
using System.Text.Json.Nodes;
using GovChain.Node.Configuration;
using GovChain.Node.Hosting;

namespace GovChain.Node.Commands;

/// <summary><c>govchain node</c>: running a department's node.</summary>
internal static class NodeCommand
{
    public static Command Create() => new("node", "Run and look after a department's node")
    {
        Run(),
        CheckConfiguration(),
        StatusCommand.Create(),
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
        var stopWithInput = new Option<bool>("--stop-with-stdin") { Hidden = true };
        var command = new Command("run", "Run a node until Ctrl-C or SIGTERM") { file, stopWithInput };
        command.SetAction(async (result, cancellation) =>
        {
            NodeConfiguration configuration = ConfigurationReader.Read(result.GetRequiredValue(file));
            using var stop = CancellationTokenSource.CreateLinkedTokenSource(cancellation);
            if (result.GetValue(stopWithInput))
                _ = StopWithInputAsync(stop);
            await new NodeHost(configuration).RunAsync(stop.Token);
            return ExitCode.Ok;
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

    private static Command CheckConfiguration()
    {
        Option<string> file = ConfigurationOption();
        Option<bool> json = Output.JsonOption();
        var command = new Command("check-config", "Check a configuration file; every problem is reported at once") { file, json };
        command.SetAction(result =>
        {
            string path = result.GetRequiredValue(file);
            IReadOnlyList<ConfigurationProblem> problems = ProblemsOf(path);
            if (result.GetValue(json))
            {
                Output.Json(new JsonObject
                {
                    ["ok"] = problems.Count == 0,
                    ["problems"] = new JsonArray([.. problems.Select(p => (JsonNode)new JsonObject
                    {
                        ["setting"] = p.Path,
                        ["problem"] = p.Problem,
                    })]),
                });
            }
            else if (problems.Count == 0)
            {
                Output.Line($"{path}: nothing wrong");
            }
            else
            {
                throw new ConfigurationException(path, problems);
            }
            return problems.Count == 0 ? ExitCode.Ok : ExitCode.Configuration;
        });
        return command;
    }

    private static IReadOnlyList<ConfigurationProblem> ProblemsOf(string path)
    {
        try
        {
            ConfigurationReader.Read(path);
            return [];
        }
        catch (ConfigurationException e)
        {
            return e.Problems;
        }
    }
}
