using System.CommandLine;
using System.Text.Json.Nodes;
using GovChain.Client;
using GovChain.Protos.V1;

namespace GovChain.Node.Commands;

/// <summary><c>govchain type</c>: record types.</summary>
internal static class TypeCommand
{
    public static Command Create() => new("type", "Define and list record types") { Define(), List() };

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
        Option<bool> json = Output.JsonOption();
        var command = new Command("define",
            "Define a record type, or its next version. Signed by an administrator of the department that owns it.")
            { type, title, description, publicRead, json };
        ClientOptions options = new ClientOptions().AddNode(command).AddKey(command);
        command.SetAction(async (result, cancellation) =>
        {
            using LedgerClient client = options.Connect(result);
            string name = result.GetRequiredValue(type);
            RecordTypeState? current = (await client.ListTypesAsync(cancellation)).FirstOrDefault(t => t.Type == name);
            var define = new DefineType
            {
                Type = name,
                ExpectedVersion = current?.Version ?? 0,
                Description = result.GetValue(description) ?? "",
                PublicRead = result.GetValue(publicRead),
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

    private static LocalizedText ParseTitle(string text)
    {
        int at = text.IndexOf('=');
        return at > 0
            ? new LocalizedText { Language = text[..at], Text = text[(at + 1)..] }
            : throw new CommandException(ExitCode.Usage, $"--title {text}: LANG=TEXT is expected, for example en=Licence.");
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
