using System.Text.Json;
using GovChain.Core.Cryptography;
using GovChain.Core.Model;

namespace GovChain.Client.Import;

/// <summary>
/// Events one a line: <c>{"seq":…,"ts":…,"op":"REGISTER|AMEND|CANCEL","key":…,"record":{…}}</c>. Other members are
/// ignored, as registers add notes of their own; <c>seq</c>, where given, must ascend; ANNUL may stand for CANCEL.
/// </summary>
internal static class NdjsonReader
{
    private static readonly JsonDocumentOptions Strict = new() { AllowDuplicateProperties = false, MaxDepth = 32 };

    private static readonly string[] Names = ["seq", "ts", "op", "key", "record", "reason"];

    public static ImportFile Read(string file, Digest digest, byte[] bytes)
    {
        var events = new List<ImportEvent>();
        long lastSequence = long.MinValue;
        foreach ((int number, ReadOnlyMemory<byte> line) in ImportFileReader.Lines(file, bytes))
        {
            if (line.Length > 0)
                events.Add(ReadLine(file, number, line, ref lastSequence));
        }
        return new ImportFile(file, digest, "application/json", events, "", "");
    }

    private static ImportEvent ReadLine(string file, int number, ReadOnlyMemory<byte> line, ref long lastSequence)
    {
        try
        {
            ImportFileReader.Text(file, number, line.Span); // strict UTF-8, or refused
            using JsonDocument document = JsonDocument.Parse(line, Strict);
            JsonElement root = document.RootElement;
            if (root.ValueKind != JsonValueKind.Object)
                throw new ImportFileException(file, number, "the line is no JSON object.");
            CheckSequence(file, number, root, ref lastSequence);
            ImportOperation operation = OperationOf(file, number, Text(file, number, root, "op", required: true));
            CheckNames(file, number, root, operation);
            string key = Text(file, number, root, "key", required: true);
            ReadOnlyMemory<byte> payload = default;
            if (operation != ImportOperation.Annul)
            {
                if (!root.TryGetProperty("record", out JsonElement record))
                    throw new ImportFileException(file, number, "\"record\" is missing.");
                payload = System.Text.Encoding.UTF8.GetBytes(record.GetRawText());
            }
            ImportFileReader.Check(file, number, key, payload);
            return new ImportEvent(
                number, operation, key, payload,
                ImportFileReader.DateOf(Text(file, number, root, "ts", required: false)),
                Text(file, number, root, "reason", required: false));
        }
        catch (JsonException e)
        {
            throw new ImportFileException(file, number, $"the line is no valid JSON: {JsonProblem.ExplainLine(e)}");
        }
        catch (InvalidOperationException)
        {
            throw new ImportFileException(file, number, "the line is no valid JSON: a name holds half of a surrogate pair.");
        }
    }

    /// <summary>Other members are notes of the program that wrote the file; one that is nearly ours is a slip.</summary>
    private static void CheckNames(string file, int number, JsonElement root, ImportOperation operation)
    {
        foreach (JsonProperty member in root.EnumerateObject())
        {
            if (Names.FirstOrDefault(n => n.Equals(member.Name, StringComparison.OrdinalIgnoreCase)) is { } name && name != member.Name)
                throw new ImportFileException(file, number, $"\"{member.Name}\" must be spelt \"{name}\".");
        }
        if (operation == ImportOperation.Annul && root.TryGetProperty("record", out JsonElement record)
            && record.ValueKind != JsonValueKind.Null)
            throw new ImportFileException(file, number, "a CANCEL takes no \"record\": say what was meant, an AMEND or a CANCEL.");
    }

    private static void CheckSequence(string file, int number, JsonElement root, ref long last)
    {
        if (!root.TryGetProperty("seq", out JsonElement element))
            return;
        if (element.ValueKind != JsonValueKind.Number || !element.TryGetInt64(out long sequence) || sequence <= last)
            throw new ImportFileException(file, number, "\"seq\" must be a whole number greater than the one before.");
        last = sequence;
    }

    private static ImportOperation OperationOf(string file, int number, string op) => op switch
    {
        "REGISTER" => ImportOperation.Register,
        "AMEND" => ImportOperation.Amend,
        "CANCEL" or "ANNUL" => ImportOperation.Annul,
        _ => throw new ImportFileException(
            file, number, $"\"op\" is \"{ImportFileReader.Shorten(op)}\"; REGISTER, AMEND and CANCEL are known."),
    };

    private static string Text(string file, int number, JsonElement root, string name, bool required)
    {
        if (!root.TryGetProperty(name, out JsonElement element))
            return required ? throw new ImportFileException(file, number, $"\"{name}\" is missing.") : "";
        if (element.ValueKind != JsonValueKind.String)
            throw new ImportFileException(file, number, $"\"{name}\" must be a string.");
        try
        {
            return element.GetString()!;
        }
        catch (InvalidOperationException)
        {
            throw new ImportFileException(file, number, $"\"{name}\" holds half of a surrogate pair.");
        }
    }
}
