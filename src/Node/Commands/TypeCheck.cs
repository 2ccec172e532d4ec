using System.CommandLine;
using System.Text;
using System.Text.Json.Nodes;
using GovChain.Client;
using GovChain.Core.Execution.Schemas;
using GovChain.Core.Model;
using GovChain.Protos.V1;

namespace GovChain.Node.Commands;

/// <summary><c>govchain type check</c>: whether content fits a schema, by the ledger's own rules, without sending anything.</summary>
internal static class TypeCheck
{
    public static Command Create()
    {
        var content = new Argument<FileInfo>("FILE") { Description = "The content of a record" };
        var type = new Option<string?>("--type") { Description = "A record type, whose schema the node is asked for", HelpName = "TYPE" };
        var schema = new Option<FileInfo?>("--schema") { Description = "File with a schema; no node is needed", HelpName = "FILE" };
        Option<bool> json = Output.JsonOption();
        var command = new Command("check", "Check whether content fits a type's schema, or a file's, without sending anything")
            { content, type, schema, json };
        command.Validators.Add(result =>
        {
            if (result.GetResult(type) is null == result.GetResult(schema) is null)
                result.AddError("Give either --type TYPE or --schema FILE.");
        });
        ClientOptions options = new ClientOptions().AddNode(command);
        command.SetAction(async (result, cancellation) =>
        {
            (PayloadSchema? rules, string name) = result.GetValue(schema) is { } file
                ? (ReadSchema(file.FullName).Schema, file.FullName)
                : await AskAsync(options, result, result.GetRequiredValue(type)!, cancellation);
            string path = result.GetRequiredValue(content).FullName;
            byte[] bytes = Files.Read(path, Limits.EnvelopeBytesMax);
            return Report(path, name, rules is not null, rules?.Check(PayloadSchema.MediaType, bytes), result.GetValue(json));
        });
        return command;
    }

    /// <summary>A schema that a user names, judged as the ledger would.</summary>
    /// <exception cref="CommandException">The file cannot be read, or the ledger would refuse what it says.</exception>
    public static (PayloadSchema Schema, string Text) ReadSchema(string path)
    {
        byte[] bytes = Files.Read(path, Limits.SchemaBytesMax);
        return PayloadSchema.TryParse(bytes, out SchemaViolation? violation) is { } schema
            ? (schema, Encoding.UTF8.GetString(bytes))
            : throw new CommandException(ExitCode.Usage, $"{path} is no schema that the ledger takes: {violation}.");
    }

    /// <summary>A type that a user names.</summary>
    /// <exception cref="CommandException">The ledger has no such type.</exception>
    public static async Task<RecordTypeState> FindAsync(LedgerClient client, string type, CancellationToken cancellation) =>
        await client.FindTypeAsync(type, cancellation)
        ?? throw new CommandException(ExitCode.NotFound, $"The ledger has no record type {type}. govchain type list shows those it has.");

    private static async Task<(PayloadSchema? Schema, string Name)> AskAsync(
        ClientOptions options, ParseResult result, string type, CancellationToken cancellation)
    {
        using LedgerClient client = options.Connect(result);
        RecordTypeState found = await FindAsync(client, type, cancellation);
        string name = $"type {type}, version {found.Version}";
        if (found.Schema.Length == 0)
            return (null, name);
        return PayloadSchema.TryParse(found.Schema, out SchemaViolation? violation) is { } schema
            ? (schema, name)
            : throw new CommandException(ExitCode.VerificationFailed, $"The node's answer is no schema of this ledger: {violation}. Use a program of its release.");
    }

    private static int Report(string path, string name, bool hasSchema, SchemaViolation? violation, bool json)
    {
        if (json)
        {
            var report = new JsonObject { ["file"] = path, ["schema"] = hasSchema ? name : null, ["fits"] = violation is null };
            if (violation is { } found)
                (report["keyword"], report["pointer"], report["problem"]) = (found.Keyword, found.Pointer, found.Problem);
            Output.Json(report);
        }
        else
        {
            Output.Line(violation is not null ? $"DOES NOT FIT: {path}: {Output.Value($"{violation}")} [{name}]"
                : hasSchema ? $"FITS: {path} [{name}]" : $"FITS: {path} [{name} has no schema: any content will do]");
        }
        return violation is null ? ExitCode.Ok : ExitCode.ProblemsFound;
    }
}
