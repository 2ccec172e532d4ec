using System.Text;

namespace GovChain.Core.Execution.Schemas;

/// <summary>The types of JSON Schema; integer is a number without a fractional part.</summary>
[Flags]
internal enum JsonTypes
{
    None = 0,
    Null = 1,
    Boolean = 2,
    Integer = 4,
    Number = 8,
    String = 16,
    Array = 32,
    Object = 64,
}

/// <summary>
/// A JSON value as the ledger reads it: numbers exact, strings as UTF-8, members of an object ascending by name. Immutable.
/// Two values are equal as JSON Schema says, whatever the order of members and however a number is written.
/// </summary>
internal abstract class JsonValue : IComparable<JsonValue>
{
    /// <summary>One type; of a number without a fractional part Integer and Number.</summary>
    public abstract JsonTypes Type { get; }

    /// <summary>For people, short.</summary>
    public abstract override string ToString();

    /// <summary>An order of all values, which says 0 of equal ones only. What it is apart from that means nothing.</summary>
    public int CompareTo(JsonValue? other)
    {
        ArgumentNullException.ThrowIfNull(other);
        int kind = ((int)Kind).CompareTo((int)other.Kind); // as enums both would be boxed
        return kind != 0 ? kind : CompareSame(other);
    }

    /// <summary>Compares with a value of the same kind.</summary>
    protected abstract int CompareSame(JsonValue other);

    private JsonTypes Kind => Type & ~JsonTypes.Integer;
}

/// <summary>null, true or false.</summary>
internal sealed class JsonLiteral : JsonValue
{
    public static readonly JsonLiteral Null = new(JsonTypes.Null, "null"), True = new(JsonTypes.Boolean, "true"), False = new(JsonTypes.Boolean, "false");

    private readonly string _text;

    private JsonLiteral(JsonTypes type, string text) => (Type, _text) = (type, text);

    public override JsonTypes Type { get; }

    public override string ToString() => _text;

    protected override int CompareSame(JsonValue other) => string.CompareOrdinal(_text, ((JsonLiteral)other)._text);
}

/// <summary>A number.</summary>
internal sealed class JsonNumber(ExactNumber value) : JsonValue
{
    public ExactNumber Value => value;

    public override JsonTypes Type => value.IsInteger ? JsonTypes.Number | JsonTypes.Integer : JsonTypes.Number;

    public override string ToString() => value.ToString();

    protected override int CompareSame(JsonValue other) => value.CompareTo(((JsonNumber)other).Value);
}

/// <summary>A string.</summary>
internal sealed class JsonString(ReadOnlyMemory<byte> utf8) : JsonValue
{
    private const int ShownCharactersMax = 40;

    /// <summary>Valid UTF-8, escapes resolved.</summary>
    public ReadOnlySpan<byte> Utf8 => utf8.Span;

    public override JsonTypes Type => JsonTypes.String;

    /// <summary>Unicode code points: all bytes but those that continue one.</summary>
    public int CodePoints
    {
        get
        {
            int count = 0;
            foreach (byte b in utf8.Span)
                count += (b & 0xC0) != 0x80 ? 1 : 0;
            return count;
        }
    }

    public override string ToString() => Show(utf8.Span);

    /// <summary>The text in quotation marks, cut where it is long.</summary>
    public static string Show(ReadOnlySpan<byte> utf8)
    {
        string text = Encoding.UTF8.GetString(utf8[..Math.Min(utf8.Length, ShownCharactersMax * 4)]);
        return text.Length <= ShownCharactersMax && utf8.Length <= ShownCharactersMax * 4 ? $"\"{text}\"" : $"\"{Cut(text, ShownCharactersMax)}...\"";
    }

    /// <summary>At most so many characters of a text, never half of a surrogate pair.</summary>
    public static string Cut(string text, int charactersMax) =>
        text[..(charactersMax - (char.IsHighSurrogate(text[charactersMax - 1]) ? 1 : 0))];

    protected override int CompareSame(JsonValue other) => Utf8.SequenceCompareTo(((JsonString)other).Utf8);
}

/// <summary>An array.</summary>
internal sealed class JsonArray(JsonValue[] items) : JsonValue
{
    public ReadOnlySpan<JsonValue> Items => items;

    public override JsonTypes Type => JsonTypes.Array;

    public override string ToString() => $"an array of {items.Length}";

    protected override int CompareSame(JsonValue other)
    {
        ReadOnlySpan<JsonValue> others = ((JsonArray)other).Items;
        int order = items.Length.CompareTo(others.Length);
        for (int i = 0; order == 0 && i < items.Length; i++)
            order = items[i].CompareTo(others[i]);
        return order;
    }
}

/// <summary>A member of an object.</summary>
internal readonly record struct JsonMember(ReadOnlyMemory<byte> Name, JsonValue Value);

/// <summary>An object.</summary>
/// <param name="members">Strictly ascending by the names' bytes, which is the order of their code points.</param>
internal sealed class JsonObject(JsonMember[] members) : JsonValue
{
    public ReadOnlySpan<JsonMember> Members => members;

    public override JsonTypes Type => JsonTypes.Object;

    /// <summary>The member's value, or null.</summary>
    public JsonValue? Find(ReadOnlySpan<byte> name)
    {
        int at = SortedNames.Find(Members, static m => m.Name, name);
        return at >= 0 ? members[at].Value : null;
    }

    public override string ToString() => $"an object of {members.Length}";

    protected override int CompareSame(JsonValue other)
    {
        ReadOnlySpan<JsonMember> others = ((JsonObject)other).Members;
        int order = members.Length.CompareTo(others.Length);
        for (int i = 0; order == 0 && i < members.Length; i++)
        {
            order = members[i].Name.Span.SequenceCompareTo(others[i].Name.Span);
            if (order == 0)
                order = members[i].Value.CompareTo(others[i].Value);
        }
        return order;
    }
}

/// <summary>Looks names up in what is sorted by their bytes.</summary>
internal static class SortedNames
{
    /// <summary>The index of a name, or -1.</summary>
    public static int Find<T>(ReadOnlySpan<T> sorted, Func<T, ReadOnlyMemory<byte>> nameOf, ReadOnlySpan<byte> name)
    {
        int low = 0, high = sorted.Length - 1;
        while (low <= high)
        {
            int middle = (low + high) / 2;
            int order = nameOf(sorted[middle]).Span.SequenceCompareTo(name);
            if (order == 0)
                return middle;
            if (order < 0)
                low = middle + 1;
            else
                high = middle - 1;
        }
        return -1;
    }
}
