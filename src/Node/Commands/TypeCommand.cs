using System.CommandLine;
using System.Text.Json.Nodes;
using GovChain.Client;
using GovChain.Core.Execution;
using GovChain.Core.Model;
using GovChain.Protos.V1;

namespace GovChain.Node.Commands;

/// <summary><c>govchain type</c>: record types and the schemas of their payloads.</summary>
internal static class TypeCommand
{
    public static Command Create() => new("type", "Define, show and list record types, and check content against their schemas")
    {
        Define(),
        Show(),
        List(),
        TypeCheck.Create(),
    };

    private static Command Define()
    {
        var type = new Argument<string>("TYPE") { Description = "The type's name: a-z, 0-9 and -, for example business-licence" };
        var title = new Option<string[]>("--title")
        {
            Description = "The title in a language, as LANG=TEXT; may be given several times",
            HelpName = "LANG=TEXT",
            Required = true,
        };
        var description = new Option<string>("--description") { Description = "What the records are", DefaultValueFactory = _ => "" };
        var publicRead = new Option<bool>("--public") { Description = "Anybody may read records of this type" };
        var schema = new Option<FileInfo?>("--schema")
        {
            Description = "File with the schema that the records' content must fit; without one any content will do",
            HelpName = "FILE",
        };
        var noSchema = new Option<bool>("--no-schema") { Description = "Take the schema away that the present version has" };
        var linksInForce = new Option<bool>("--links-in-force") { Description = "Refuse records whose links do not lead to records in force" };
        var anyLinks = new Option<bool>("--no-links-in-force") { Description = "Take that rule away, which the present version has" };
        var fourEyes = new Option<bool>("--four-eyes") { Description = "Records change with another officer's approval only" };
        var twoEyes = new Option<bool>("--no-four-eyes") { Description = "Take that rule away, which the present version has" };
        var approvers = new Option<string[]>("--approver")
        {
            Description = $"A department whose approvers may approve, up to {Limits.ApproversMax}; without one the department that owns the type",
            HelpName = "DEPARTMENT",
        };
        var ownApprovers = new Option<bool>("--no-approver") { Description = "Take the departments away that the present version names" };
        var readers = new Option<string[]>("--reader")
        {
            Description = $"A department whose officers may read the records of a type that is not public, up to {Limits.ReadersMax}, besides the owner's and the approvers'",
            HelpName = "DEPARTMENT",
        };
        var ownReaders = new Option<bool>("--no-reader") { Description = "Take the departments away that may read the present version" };
        Option<bool> json = Output.JsonOption();
        var command = new Command("define",
            "Define a record type, or its next version. Signed by an administrator of the department that owns it.")
            { type, title, description, publicRead, schema, noSchema, linksInForce, anyLinks, fourEyes, twoEyes, approvers, ownApprovers, readers, ownReaders, json };
        command.Validators.Add(result =>
        {
            if (result.GetValue(noSchema) && result.GetResult(schema) is not null)
                result.AddError("--schema and --no-schema exclude each other.");
            if (result.GetValue(linksInForce) && result.GetValue(anyLinks))
                result.AddError("--links-in-force and --no-links-in-force exclude each other.");
            if (result.GetValue(fourEyes) && result.GetValue(twoEyes))
                result.AddError("--four-eyes and --no-four-eyes exclude each other.");
            if (result.GetValue(ownApprovers) && result.GetResult(approvers) is not null)
                result.AddError("--approver and --no-approver exclude each other.");
            if (result.GetValue(ownReaders) && result.GetResult(readers) is not null)
                result.AddError("--reader and --no-reader exclude each other.");
        });
        ClientOptions options = new ClientOptions().AddNode(command).AddKey(command);
        command.SetAction(async (result, cancellation) =>
        {
            string schemaText = result.GetValue(schema) is { } file ? TypeCheck.ReadSchema(file.FullName).Text : "";
            using LedgerClient client = options.Connect(result);
            string name = result.GetRequiredValue(type);
            RecordTypeState? current = await client.FindTypeAsync(name, cancellation);
            if (current is { Schema.Length: > 0 } && schemaText.Length == 0 && !result.GetValue(noSchema))
            {
                throw new CommandException(ExitCode.Usage,
                    $"Version {current.Version} of {name} has a schema, and this definition has none. Give --schema FILE, or --no-schema to take it away.");
            }
            if (current is { LinksInForce: true } && !result.GetValue(linksInForce) && !result.GetValue(anyLinks))
            {
                throw new CommandException(ExitCode.Usage,
                    $"Version {current.Version} of {name} wants links that lead to records in force. Give --links-in-force, or --no-links-in-force to take that away.");
            }
            string[] departments = Departments(result.GetValue(approvers));
            string[] mayRead = Departments(result.GetValue(readers));
            await RequireDepartmentsAsync(client, [.. departments, .. mayRead], cancellation);
            if (current is { FourEyes: true } && !result.GetValue(fourEyes) && !result.GetValue(twoEyes))
            {
                throw new CommandException(ExitCode.Usage,
                    $"Records of version {current.Version} of {name} change with an approval only. Give --four-eyes, or --no-four-eyes to take that away.");
            }
            if (current is { Approvers.Count: > 0 } && departments.Length == 0 && !result.GetValue(ownApprovers))
            {
                throw new CommandException(ExitCode.Usage,
                    $"Version {current.Version} of {name} is approved by {string.Join(", ", current.Approvers)}. Give --approver DEPARTMENT, or --no-approver for its owner.");
            }
            if (current is { Readers.Count: > 0 } && mayRead.Length == 0 && !result.GetValue(ownReaders))
            {
                throw new CommandException(ExitCode.Usage,
                    $"Version {current.Version} of {name} is read by {string.Join(", ", current.Readers)} too. Give --reader DEPARTMENT, or --no-reader for its owner and approvers alone.");
            }
            var define = new DefineType
            {
                Type = name,
                ExpectedVersion = current?.Version ?? 0,
                Description = result.GetValue(description) ?? "",
                PublicRead = result.GetValue(publicRead),
                Schema = schemaText,
                LinksInForce = result.GetValue(linksInForce),
                FourEyes = result.GetValue(fourEyes),
                Approvers = { departments },
                Readers = { mayRead },
            };
            foreach (string text in result.GetRequiredValue(title))
                define.Titles.Add(ParseTitle(text));
            TransactionFactory factory = await options.OpenFactoryAsync(result, client, cancellation);
            TransactionOutcome outcome = await RecordCommand.SubmitAsync(client, factory, b => b.DefineType = define, cancellation);
            RecordCommand.PrintOutcome(outcome, $"type {name}, version {define.ExpectedVersion + 1}", result.GetValue(json));
            return ExitCode.Ok;
        });
        return command;
    }

    /// <summary>A right that is given to nobody waits for whoever is admitted under that id later.</summary>
    private static async Task RequireDepartmentsAsync(LedgerClient client, string[] named, CancellationToken cancellation)
    {
        if (named.Length == 0)
            return;
        GetStatusResponse status = await client.GetStatusAsync(cancellation);
        if (Array.Find(named, id => !status.Validators.Contains(id)) is { } unknown)
            throw new CommandException(ExitCode.Usage, $"No department {unknown} has a vote on this ledger. Look at: govchain member list");
    }

    private static string[] Departments(string[]? given) => [.. (given ?? []).Distinct().Order(StringComparer.Ordinal)];

    internal static LocalizedText ParseTitle(string text)
    {
        int at = text.IndexOf('=');
        return at > 0
            ? new LocalizedText { Language = text[..at], Text = text[(at + 1)..] }
            : throw new CommandException(ExitCode.Usage, $"--title {text}: LANG=TEXT is expected, for example en=Licence.");
    }

    private static Command Show()
    {
        var type = new Argument<string>("TYPE") { Description = "The type's name" };
        Option<bool> json = Output.JsonOption();
        var command = new Command("show", "Show a record type with the schema of its content") { type, json };
        ClientOptions options = new ClientOptions().AddNode(command);
        command.SetAction(async (result, cancellation) =>
        {
            using LedgerClient client = options.Connect(result);
            RecordTypeState found = await TypeCheck.FindAsync(client, result.GetRequiredValue(type), cancellation);
            if (result.GetValue(json))
                Output.Json(ToJson(found));
            else
                Print(found);
            return ExitCode.Ok;
        });
        return command;
    }

    private static JsonObject ToJson(RecordTypeState type) => new()
    {
        ["type"] = type.Type,
        ["version"] = type.Version,
        ["owner"] = type.Owner,
        ["public"] = type.PublicRead,
        ["titles"] = new JsonObject(type.Titles.Select(t => KeyValuePair.Create(t.Language, (JsonNode?)t.Text))),
        ["description"] = type.Description,
        ["linksInForce"] = type.LinksInForce,
        ["fourEyes"] = type.FourEyes,
        ["approvers"] = new JsonArray([.. type.Approvers.Select(static d => (JsonNode)d)]),
        ["readers"] = new JsonArray([.. type.Readers.Select(static d => (JsonNode)d)]),
        ["definedHeight"] = type.DefinedHeight,
        ["definedPosition"] = type.DefinedPosition,
        ["schema"] = type.Schema, // the text as it was defined: a number of it could lose digits otherwise
    };

    private static void Print(RecordTypeState type)
    {
        Output.Line($"{type.Type}  version {type.Version}, of {type.Owner}, {(type.PublicRead ? "public" : "not public")}");
        foreach (LocalizedText title in type.Titles)
            Output.Line($"  {title.Language}: {Output.Value(title.Text)}");
        if (type.Description.Length > 0)
            Output.Line($"  description: {Output.Value(type.Description)}");
        if (type.LinksInForce)
            Output.Line("  links of its records must lead to records in force");
        if (type.FourEyes)
            Output.Line("  records change with another officer's approval only");
        if (type.FourEyes || type.Approvers.Count > 0)
            Output.Line($"  approved by: {(type.Approvers.Count > 0 ? string.Join(", ", type.Approvers) : type.Owner)}");
        if (!type.PublicRead)
            Output.Line($"  read by: {string.Join(", ", ReadRules.DepartmentsOf(type))}");
        Output.Line($"  defined in block {type.DefinedHeight}, position {type.DefinedPosition}");
        Output.Line(type.Schema.Length == 0
            ? "  no schema: any content will do" : $"  schema:\n    {type.Schema.TrimEnd().ReplaceLineEndings("\n    ")}");
    }

    private static Command List()
    {
        Option<bool> json = Output.JsonOption();
        var command = new Command("list", "List the record types") { json };
        ClientOptions options = new ClientOptions().AddNode(command);
        command.SetAction(async (result, cancellation) =>
        {
            using LedgerClient client = options.Connect(result);
            IReadOnlyList<RecordTypeState> types = await client.ListTypesAsync(cancellation);
            if (result.GetValue(json))
            {
                Output.Json(new JsonArray([.. types.Select(t => (JsonNode)new JsonObject
                {
                    ["type"] = t.Type,
                    ["version"] = t.Version,
                    ["owner"] = t.Owner,
                    ["public"] = t.PublicRead,
                    ["title"] = t.Titles[0].Text,
                })]));
                return ExitCode.Ok;
            }
            foreach (RecordTypeState t in types)
                Output.Line($"{t.Type}\tversion {t.Version}\tof {t.Owner}\t{(t.PublicRead ? "public" : "not public")}\t{Output.Value(t.Titles[0].Text)}");
            return ExitCode.Ok;
        });
        return command;
    }
}
