using System.Buffers;
using System.Text.Encodings.Web;
using System.Text.Json;

namespace GovChain.Core.Verification;

/// <summary>One answer of the node about records of a type that is not public, or its refusal. docs/SPEC.md, "Read log".</summary>
public sealed record ReadEntry
{
    /// <summary>A line, hash and all, bytes: with the longest names and ids it has less than 1,100.</summary>
    public const int LineBytesMax = 2_048;

    // All that names may hold stands as it is: of the usual escapes a record's id of plus signs alone would be six times as long.
    private static readonly JsonWriterOptions AsItIs = new() { Encoder = JavaScriptEncoder.UnsafeRelaxedJsonEscaping };

    /// <summary>From 1 on, without gaps.</summary>
    public ulong Number { get; init; }

    /// <summary>When, UTC milliseconds by the node's clock.</summary>
    public ulong TimeMs { get; init; }

    /// <summary>The listener that was asked: <c>clients</c> or <c>administration</c>.</summary>
    public required string Listener { get; init; }

    /// <summary>The officer's department; empty where nobody has shown who he is.</summary>
    public string Department { get; init; } = "";

    /// <summary>The officer; empty likewise.</summary>
    public string OfficerId { get; init; } = "";

    /// <summary>The officer's key, 66 hexadecimal digits; empty likewise.</summary>
    public string Key { get; init; } = "";

    /// <summary>The token that was used up, 64 hexadecimal digits; empty where it was refused for itself.</summary>
    public string Token { get; init; } = "";

    /// <summary>Until when that token would count, UTC milliseconds.</summary>
    public ulong TokenEndsMs { get; init; }

    /// <summary>The certificate that was shown, by what the officer signed, 64 hexadecimal digits; empty where it was refused for itself, or a token was used.</summary>
    public string Certificate { get; init; } = "";

    /// <summary>The method that was called, as docs/API.md names it.</summary>
    public required string Method { get; init; }

    /// <summary>The record type.</summary>
    public required string Type { get; init; }

    /// <summary>The record; of a page the first one on it; empty for an empty page.</summary>
    public string Record { get; init; } = "";

    /// <summary>The last record on a page of several; else empty.</summary>
    public string Last { get; init; } = "";

    /// <summary><c>GIVEN</c>, or the code of the refusal.</summary>
    public required string Answer { get; init; }

    /// <summary>
    /// Refusals that used up no token and came too fast to be written down one by one, since the last that was: of <see cref="Key"/>, or where
    /// that is empty of whoever has shown no key whose signature was right.
    /// </summary>
    public ulong Unwritten { get; init; }

    /// <summary>Whether it is about a record, by itself or on a page.</summary>
    public bool Concerns(string type, string id) => Type == type && Record.Length > 0
        && (Last.Length == 0 ? Record == id : string.CompareOrdinal(Record, id) <= 0 && string.CompareOrdinal(id, Last) <= 0);

    /// <summary>The entry as its line has it: one JSON object, members in this order, what is empty or zero left out.</summary>
    public byte[] ToJson()
    {
        var buffer = new ArrayBufferWriter<byte>(512);
        using (var w = new Utf8JsonWriter(buffer, AsItIs))
        {
            w.WriteStartObject();
            w.WriteNumber("number", Number);
            w.WriteNumber("timeMs", TimeMs);
            Write(w, "listener", Listener);
            Write(w, "department", Department);
            Write(w, "officer", OfficerId);
            Write(w, "key", Key);
            Write(w, "token", Token);
            Write(w, "tokenEndsMs", TokenEndsMs);
            Write(w, "certificate", Certificate);
            Write(w, "method", Method);
            Write(w, "type", Type);
            Write(w, "record", Record);
            Write(w, "last", Last);
            Write(w, "answer", Answer);
            Write(w, "unwritten", Unwritten);
            w.WriteEndObject();
        }
        return buffer.WrittenSpan.ToArray();
    }

    /// <summary>Reads exactly what <see cref="ToJson"/> writes; null for anything else.</summary>
    public static ReadEntry? TryRead(ReadOnlyMemory<byte> json)
    {
        try
        {
            using var document = JsonDocument.Parse(json, new JsonDocumentOptions { MaxDepth = 2 });
            JsonElement o = document.RootElement;
            if (o.ValueKind != JsonValueKind.Object)
                return null;
            var entry = new ReadEntry
            {
                Number = NumberOf(o, "number"),
                TimeMs = NumberOf(o, "timeMs"),
                Listener = TextOf(o, "listener"),
                Department = TextOf(o, "department"),
                OfficerId = TextOf(o, "officer"),
                Key = TextOf(o, "key"),
                Token = TextOf(o, "token"),
                TokenEndsMs = NumberOf(o, "tokenEndsMs"),
                Certificate = TextOf(o, "certificate"),
                Method = TextOf(o, "method"),
                Type = TextOf(o, "type"),
                Record = TextOf(o, "record"),
                Last = TextOf(o, "last"),
                Answer = TextOf(o, "answer"),
                Unwritten = NumberOf(o, "unwritten"),
            };
            return entry.ToJson().AsSpan().SequenceEqual(json.Span) ? entry : null;
        }
        catch (Exception e) when (e is JsonException or InvalidOperationException or FormatException)
        {
            return null;
        }
    }

    private static string TextOf(JsonElement o, string name) => o.TryGetProperty(name, out JsonElement value) ? value.GetString() ?? "" : "";

    private static ulong NumberOf(JsonElement o, string name) => o.TryGetProperty(name, out JsonElement value) ? value.GetUInt64() : 0;

    private static void Write(Utf8JsonWriter w, string name, string value)
    {
        if (value.Length > 0)
            w.WriteString(name, value);
    }

    private static void Write(Utf8JsonWriter w, string name, ulong value)
    {
        if (value > 0)
            w.WriteNumber(name, value);
    }
}
