using System.CommandLine;
using System.Text;
using System.Text.Json.Nodes;
using GovChain.Core.Model;
using GovChain.Node.Configuration;
using GovChain.Node.Hosting;
using Spectre.Console;

namespace GovChain.Node.Commands;

/// <summary><c>govchain node check-config</c> and <c>init-config</c>: before a node is run.</summary>
internal static class ConfigurationCommands
{
    /// <summary>Checks a file, or explains every setting.</summary>
    public static Command Check()
    {
        var file = new Option<string?>("--config") { Description = "The node's configuration file", HelpName = "FILE" };
        var explain = new Option<bool>("--explain")
        {
            Description = "List every setting with meaning, unit, default and constraint instead",
        };
        Option<bool> json = Output.JsonOption();
        var command = new Command("check-config", "Check a configuration file and the genesis, key and certificate it names; every problem is reported at once") { file, explain, json };
        command.SetAction(result =>
        {
            if (result.GetValue(explain))
                return Explain(result.GetValue(json));
            string path = result.GetValue(file)
                ?? throw new CommandException(ExitCode.Usage, "Name the file with --config FILE, or list the settings with --explain.");
            return Check(path, result.GetValue(json));
        });
        return command;
    }

    /// <summary>Writes a commented example.</summary>
    public static Command Init()
    {
        var output = new Option<string>("-o", "--output") { Description = "The file to write", HelpName = "FILE", Required = true };
        var department = new Option<string?>("--department") { Description = "The department to write in", HelpName = "ID" };
        Option<bool> overwrite = OutputFile.OverwriteOption();
        var command = new Command("init-config",
            "Write a configuration file with every setting in it: what is required is set, the rest stands in comments") { output, department, overwrite };
        command.SetAction(async (result, cancellation) =>
        {
            string path = result.GetRequiredValue(output);
            string? id = result.GetValue(department);
            if (id is not null && !Identifiers.IsDepartment(id))
                throw new CommandException(ExitCode.Usage, $"--department {id}: a department id is expected: a-z, 0-9 and -, at most 32.");
            await Files.WriteAsync(path, Encoding.UTF8.GetBytes(SettingText.Example(id)), result.GetValue(overwrite), cancellation);
            Output.Line($"{path} is written. Put genesis file, validator key and passphrase where it says, then:");
            Output.Line($"  govchain node check-config --config {path}");
            return ExitCode.Ok;
        });
        return command;
    }

    private static int Check(string path, bool json)
    {
        IReadOnlyList<ConfigurationProblem> problems = ProblemsOf(path);
        if (!json && problems.Count > 0)
            throw new ConfigurationException(path, problems);
        if (!json)
        {
            Output.Line($"{path}: nothing wrong");
            return ExitCode.Ok;
        }
        Output.Json(new JsonObject
        {
            ["ok"] = problems.Count == 0,
            ["problems"] = ToJson(problems),
        });
        return problems.Count == 0 ? ExitCode.Ok : ExitCode.Configuration;
    }

    /// <summary>The problems, for scripts.</summary>
    internal static JsonArray ToJson(IReadOnlyList<ConfigurationProblem> problems) =>
    [
        .. problems.Select(p => (JsonNode)new JsonObject { ["setting"] = p.Path, ["problem"] = p.Problem }),
    ];

    private static int Explain(bool json)
    {
        if (json)
        {
            Output.Json(new JsonArray([.. Settings.All.Select(s => (JsonNode)new JsonObject
            {
                ["setting"] = s.Path,
                ["meaning"] = s.Meaning,
                ["unit"] = s.Unit,
                ["required"] = s.IsRequired,
                ["default"] = SettingText.DefaultOf(s),
                ["constraint"] = s.Constraint,
                ["takesEffect"] = s.TakesEffect,
            })]));
            return ExitCode.Ok;
        }
        Table table = new Table().Border(TableBorder.Simple).AddColumns("setting", "meaning", "unit", "default", "constraint", "takes effect");
        foreach (Setting s in Settings.All)
        {
            table.AddRow([.. new[] { s.Path, s.Meaning, s.Unit, SettingText.DefaultOf(s), s.Constraint, s.TakesEffect }.Select(Markup.Escape)]);
        }
        Output.Table(table);
        return ExitCode.Ok;
    }

    private static IReadOnlyList<ConfigurationProblem> ProblemsOf(string path)
    {
        try
        {
            return NodeInputs.ProblemsOf(ConfigurationReader.Read(path));
        }
        catch (ConfigurationException e)
        {
            return e.Problems;
        }
    }
}
