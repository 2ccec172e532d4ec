using System.CommandLine;
using System.Text.Encodings.Web;
using System.Text.Json;
using System.Text.Json.Nodes;
using Spectre.Console;

namespace GovChain.Node.Commands;

/// <summary>What commands print: sentences for people, or one JSON object for scripts.</summary>
/// <remarks>
/// What others wrote is made harmless wherever it goes (<see cref="TerminalText"/>): what is redirected, over ssh or through less, reaches a
/// terminal all the same. In JSON an escaped character is the same character.
/// </remarks>
internal static class Output
{
    private static readonly JsonSerializerOptions Indented = new()
    {
        WriteIndented = true,
        Encoder = JavaScriptEncoder.UnsafeRelaxedJsonEscaping,
    };

    private static readonly JsonSerializerOptions OneLine = new(Indented) { WriteIndented = false };

    private static readonly JsonDocumentOptions Strict = new() { AllowDuplicateProperties = false };

    /// <summary>Characters a line that go to a file: no terminal breaks them, and no address should be.</summary>
    private const int WidthInFiles = 160;

    /// <summary>The option that every command with something to report has.</summary>
    public static Option<bool> JsonOption() => new("--json") { Description = "Print one JSON object, for scripts" };

    /// <summary>Prints JSON on standard output.</summary>
    public static void Json(JsonNode node) => Line(node.ToJsonString(Indented));

    /// <summary>Prints a line, or several, for people.</summary>
    public static void Line(string text = "") =>
        Console.Out.WriteLine(TerminalText.Escape(text, keepLines: true));

    /// <summary>Prints JSON on one line of standard error.</summary>
    public static void Error(JsonNode node) => Error(node.ToJsonString(OneLine));

    /// <summary>Prints a line on standard error.</summary>
    public static void Error(string text) =>
        Console.Error.WriteLine(TerminalText.Escape(text, keepLines: true));

    /// <summary>A value that others wrote and that belongs on one line.</summary>
    public static string Value(string text) => TerminalText.Escape(text, keepLines: false);

    /// <summary>Prints a table for people.</summary>
    public static void Table(Table table)
    {
        if (Console.IsOutputRedirected)
            AnsiConsole.Profile.Width = WidthInFiles;
        AnsiConsole.Write(table);
    }

    /// <summary>A record's content for people; further lines are indented by <paramref name="indent"/>.</summary>
    public static string PayloadText(ReadOnlySpan<byte> content, string mediaType, string indent)
    {
        JsonNode node = Payload(content, mediaType);
        string text = node is JsonValue value && value.TryGetValue(out string? plain) ? plain : node.ToJsonString(Indented);
        return text.ReplaceLineEndings("\n" + indent);
    }

    /// <summary>The bytes as JSON where they are JSON that reads one way only, else as text, else in base64.</summary>
    public static JsonNode Payload(ReadOnlySpan<byte> content, string mediaType)
    {
        if (mediaType == "application/json")
        {
            try
            {
                JsonNode node = JsonNode.Parse(content, documentOptions: Strict) ?? JsonValue.Create("null");
                node.ToJsonString(Indented); // half of a surrogate pair shows only now
                return node;
            }
            catch (Exception e) when (e is JsonException or InvalidOperationException or ArgumentException)
            {
                // said to be JSON and is not: shown as what it is
            }
        }
        return mediaType.StartsWith("text/", StringComparison.Ordinal)
            ? JsonValue.Create(System.Text.Encoding.UTF8.GetString(content))
            : JsonValue.Create(Convert.ToBase64String(content));
    }
}
