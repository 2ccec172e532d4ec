using System.Text.Json;

namespace GovChain.Core.Model;

/// <summary>What is wrong with JSON, in words: what the reader says speaks to programmers, and names types of this program.</summary>
public static class JsonProblem
{
    /// <summary>A sentence with the place; lines and bytes count from 1. Of a text without any JSON in it: that it is empty.</summary>
    public static string Explain(JsonException e) => Explain(e, isLine: false);

    /// <summary>The same of JSON that is one line of a file, whose number the caller says.</summary>
    public static string ExplainLine(JsonException e) => Explain(e, isLine: true);

    /// <summary>The text has no JSON in it: it is empty, or blanks only.</summary>
    public static bool IsEmpty(JsonException e) => e.Message.Contains("does not contain any JSON tokens", StringComparison.Ordinal);

    private static string Explain(JsonException e, bool isLine)
    {
        if (IsEmpty(e))
            return "it is empty.";
        // The reader's own sentence, where it is about JSON, ends where it repeats the place.
        string what = e.Message.Contains("GovChain.", StringComparison.Ordinal) || e.Message.Contains("System.", StringComparison.Ordinal)
            ? OfValue(e) : e.Message.Split([" Path: ", " LineNumber: "], StringSplitOptions.None)[0].TrimEnd('.') + ".";
        if (e.LineNumber is not { } line || e.BytePositionInLine is not { } at)
            return what;
        return isLine ? FieldRules.Invariant($"byte {at + 1}: {what}") : FieldRules.Invariant($"line {line + 1}, byte {at + 1}: {what}");
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
