using System.Text.Unicode;
using GovChain.Core.Model;

namespace GovChain.Core.Execution.Schemas;

/// <summary>
/// Reads JSON strictly (docs/SPEC.md, "Payload schemas"): RFC 8259 in UTF-8 without a byte order mark, no name twice in an object, no half
/// surrogate pairs, numbers that fit <see cref="ExactNumber"/>, arrays and objects at most <see cref="Limits.JsonDepthMax"/> deep. What
/// it refuses, two programs could read differently.
/// </summary>
/// <remarks>A verdict of the ledger depends on it, so it asks no parser of a library, whose next version may decide otherwise.</remarks>
internal ref struct JsonReader
{
    private readonly ReadOnlyMemory<byte> _text;
    private readonly ReadOnlySpan<byte> _bytes;
    private int _at;
    private int _depth;
    private string? _problem;

    private JsonReader(ReadOnlyMemory<byte> text)
    {
        _text = text;
        _bytes = text.Span;
    }

    /// <summary>Reads a text that holds one value. Throws on no input.</summary>
    /// <param name="text">Any bytes; the value refers to them, so they must not change.</param>
    /// <param name="problem">What is wrong and at which byte, counted from 1, without a full stop; null if nothing is.</param>
    public static JsonValue? TryRead(ReadOnlyMemory<byte> text, out string? problem)
    {
        var reader = new JsonReader(text);
        JsonValue? value = reader.ReadText();
        problem = value is null ? FieldRules.Invariant($"byte {reader._at + 1}: {reader._problem}") : null;
        return value;
    }

    private JsonValue? ReadText()
    {
        if (!Utf8.IsValid(_bytes))
            return Fail<JsonValue>("the text is no UTF-8");
        SkipBlanks();
        if (_at == _bytes.Length)
            return Fail<JsonValue>("the text is empty");
        JsonValue? value = ReadValue();
        if (value is null)
            return null;
        SkipBlanks();
        return _at == _bytes.Length ? value : Fail<JsonValue>("the text goes on after its value");
    }

    private JsonValue? ReadValue()
    {
        switch (Next)
        {
            case (byte)'{':
                return ReadObject();
            case (byte)'[':
                return ReadArray();
            case (byte)'"':
                return ReadString() is { } text ? new JsonString(text) : null;
            case (byte)'-' or (>= (byte)'0' and <= (byte)'9'):
                return ReadNumber();
            case (byte)'n':
                return ReadLiteral("null"u8, JsonLiteral.Null);
            case (byte)'t':
                return ReadLiteral("true"u8, JsonLiteral.True);
            case (byte)'f':
                return ReadLiteral("false"u8, JsonLiteral.False);
            default:
                return Fail<JsonValue>("a value is expected");
        }
    }

    private JsonLiteral? ReadLiteral(ReadOnlySpan<byte> spelling, JsonLiteral value)
    {
        if (!_bytes[_at..].StartsWith(spelling))
            return Fail<JsonLiteral>("a value is expected");
        _at += spelling.Length;
        return value;
    }

    private JsonArray? ReadArray()
    {
        if (!Enter())
            return null;
        var items = new List<JsonValue>();
        if (!Takes(']'))
        {
            do
            {
                SkipBlanks();
                if (ReadValue() is not { } item)
                    return null;
                items.Add(item);
            }
            while (Takes(','));
            if (!Takes(']'))
                return Fail<JsonArray>("\",\" or \"]\" is expected");
        }
        _depth--;
        return new JsonArray([.. items]);
    }

    private JsonObject? ReadObject()
    {
        if (!Enter())
            return null;
        var members = new List<(int Offset, JsonMember Member)>();
        if (!Takes('}'))
        {
            do
            {
                SkipBlanks();
                int offset = _at;
                if (Next != '"')
                    return Fail<JsonObject>("a name in quotation marks is expected");
                if (ReadString() is not { } name)
                    return null;
                if (!Takes(':'))
                    return Fail<JsonObject>("\":\" is expected");
                SkipBlanks();
                if (ReadValue() is not { } value)
                    return null;
                members.Add((offset, new JsonMember(name, value)));
            }
            while (Takes(','));
            if (!Takes('}'))
                return Fail<JsonObject>("\",\" or \"}\" is expected");
        }
        _depth--;
        return Sort(members);
    }

    private JsonObject? Sort(List<(int Offset, JsonMember Member)> members)
    {
        members.Sort(static (a, b) => a.Member.Name.Span.SequenceCompareTo(b.Member.Name.Span) is var order and not 0
            ? order : a.Offset.CompareTo(b.Offset));
        for (int i = 1; i < members.Count; i++)
        {
            ReadOnlySpan<byte> name = members[i].Member.Name.Span;
            if (!name.SequenceEqual(members[i - 1].Member.Name.Span))
                continue;
            _at = members[i].Offset;
            return Fail<JsonObject>($"the name {JsonString.Show(name)} stands twice in one object");
        }
        return new JsonObject([.. members.Select(static m => m.Member)]);
    }

    private JsonNumber? ReadNumber()
    {
        int start = _at;
        _at += Next == '-' ? 1 : 0;
        if (Next == '0')
            _at++;
        else if (!SkipDigits())
            return Fail<JsonNumber>("a digit is expected");
        if (Next == '.')
        {
            _at++;
            if (!SkipDigits())
                return Fail<JsonNumber>("a digit is expected");
        }
        if (Next is (byte)'e' or (byte)'E')
        {
            _at++;
            _at += Next is (byte)'+' or (byte)'-' ? 1 : 0;
            if (!SkipDigits())
                return Fail<JsonNumber>("a digit is expected");
        }
        if (ExactNumber.TryParse(_bytes[start.._at], out ExactNumber number))
            return new JsonNumber(number);
        _at = start;
        return Fail<JsonNumber>($"a number has at most {ExactNumber.DigitsMax} significant digits, and its exponent is at most {ExactNumber.ExponentMax} up or down");
    }

    /// <summary>The text between two quotation marks: a part of the input where nothing is escaped, else a copy.</summary>
    private ReadOnlyMemory<byte>? ReadString()
    {
        int start = _at + 1;
        bool isEscaped = false;
        for (_at = start; _at < _bytes.Length; _at++)
        {
            byte next = _bytes[_at];
            if (next == '"')
            {
                ReadOnlyMemory<byte> raw = _text[start.._at++];
                return isEscaped ? Unescape(raw.Span, start) : raw;
            }
            if (next < 0x20)
                return FailText("a control character must be escaped");
            if (next == '\\')
            {
                isEscaped = true;
                _at++; // what is escaped ends no string
            }
        }
        _at = _bytes.Length;
        return FailText("the text ends within a string");
    }

    private ReadOnlyMemory<byte>? Unescape(ReadOnlySpan<byte> raw, int start)
    {
        byte[] text = new byte[raw.Length]; // what an escape stands for is never longer than it
        int length = 0;
        for (int at = 0; at < raw.Length;)
        {
            if (raw[at] != '\\')
            {
                text[length++] = raw[at++];
                continue;
            }
            int read = JsonEscape.Read(raw[at..], text.AsSpan(length), out int written);
            if (read == 0)
            {
                _at = start + at;
                return FailText("the escape is none of JSON, or half of a surrogate pair");
            }
            at += read;
            length += written;
        }
        return text.AsMemory(0, length);
    }

    private bool Enter()
    {
        if (_depth == Limits.JsonDepthMax)
        {
            Fail<JsonValue>($"arrays and objects may lie at most {Limits.JsonDepthMax} deep");
            return false;
        }
        _depth++;
        _at++;
        return true;
    }

    /// <summary>The next byte; 0, which begins and ends nothing, at the end.</summary>
    private readonly byte Next => _at < _bytes.Length ? _bytes[_at] : (byte)0;

    private bool Takes(char expected)
    {
        SkipBlanks();
        if (Next != expected)
            return false;
        _at++;
        return true;
    }

    private void SkipBlanks()
    {
        while (Next is (byte)' ' or (byte)'\t' or (byte)'\n' or (byte)'\r')
            _at++;
    }

    /// <summary>False if there is none.</summary>
    private bool SkipDigits()
    {
        int start = _at;
        while (Next is >= (byte)'0' and <= (byte)'9')
            _at++;
        return _at > start;
    }

    private T? Fail<T>(string problem) where T : JsonValue
    {
        _problem = problem;
        return null;
    }

    private ReadOnlyMemory<byte>? FailText(string problem)
    {
        _problem = problem;
        return null;
    }
}
