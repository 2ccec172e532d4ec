using System.Globalization;
using System.Text.Json;

namespace GovChain.Client;

/// <summary>What is wrong with a file of JSON, in words: what the reader says of values names types of this program.</summary>
public static class JsonProblem
{
    /// <summary>A sentence with the place; lines and bytes count from 1.</summary>
    public static string Explain(JsonException e)
    {
        // The reader's own sentence, where it is about JSON, ends where it repeats the place.
        string what = e.Message.Contains("GovChain.", StringComparison.Ordinal) || e.Message.Contains("System.", StringComparison.Ordinal)
            ? OfValue(e) : e.Message.Split([" Path: ", " LineNumber: "], StringSplitOptions.None)[0].TrimEnd('.') + ".";
        return e.LineNumber is { } line && e.BytePositionInLine is { } at
            ? string.Create(CultureInfo.InvariantCulture, $"line {line + 1}, byte {at + 1}: {what}") : what;
    }

    private static string OfValue(JsonException e)
    {
        string name = e.Path is { Length: > 2 } path && path.StartsWith("$.", StringComparison.Ordinal) ? path[2..] : "";
        string quoted = e.Message.Split('\'') is { Length: >= 3 } parts ? parts[1] : name;
        return e.Message.StartsWith("Duplicate", StringComparison.Ordinal) ? $"'{quoted}' stands there twice."
            : e.Message.Contains("could not be mapped", StringComparison.Ordinal) ? $"'{quoted}' is not known here."
            : name.Length > 0 ? $"the value of '{name}' does not fit." : "the value does not fit.";
    }
}
