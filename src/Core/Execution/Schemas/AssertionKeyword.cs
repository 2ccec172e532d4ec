using System.Text;

namespace GovChain.Core.Execution.Schemas;

/// <summary>
/// A keyword that says something of a value by itself, with the meaning that JSON Schema draft 2020-12 gives it; docs/SPEC.md fixes what
/// the draft leaves open. A value of another type than a keyword is about keeps it.
/// </summary>
/// <param name="Name">As it stands in a schema.</param>
/// <param name="Argument">What its argument must be, to be read after "must be".</param>
/// <param name="Read">Reads an argument; null if it is none.</param>
internal sealed record AssertionKeyword(string Name, string Argument, Func<JsonValue, Assertion?> Read)
{
    private const int ShownValuesMax = 5;

    private const string Number = "a number", Count = "an integer from 0 to 2147483647";

    private static readonly (string Name, JsonTypes Type, string Words)[] Types =
    [
        ("null", JsonTypes.Null, "null"), ("boolean", JsonTypes.Boolean, "true or false"), ("integer", JsonTypes.Integer, "an integer"),
        ("number", JsonTypes.Number, "a number"), ("string", JsonTypes.String, "a string"), ("array", JsonTypes.Array, "an array"),
        ("object", JsonTypes.Object, "an object"),
    ];

    /// <summary>All, in the order in which a value is judged by them.</summary>
    public static IReadOnlyList<AssertionKeyword> All { get; } =
    [
        new("type", "a type's name, or an array of such names, none twice", Type),
        new("enum", $"an array of 1 to {PayloadSchema.EnumValuesMax} values, none twice", Enum),
        new("const", "a value", static constant => value => value.CompareTo(constant) == 0 ? null : $"must be {constant}, and is {value}"),
        new("multipleOf", "a number above 0", static argument => argument is JsonNumber { Value: { IsPositive: true } divisor }
            ? value => Violates(value, number => number.IsMultipleOf(divisor), $"a multiple of {divisor}") : null),
        new("maximum", Number, static argument => Bound(argument, "at most", static order => order <= 0)),
        new("exclusiveMaximum", Number, static argument => Bound(argument, "less than", static order => order < 0)),
        new("minimum", Number, static argument => Bound(argument, "at least", static order => order >= 0)),
        new("exclusiveMinimum", Number, static argument => Bound(argument, "more than", static order => order > 0)),
        new("maxLength", Count, static argument => Length(argument, "at most", static order => order <= 0)),
        new("minLength", Count, static argument => Length(argument, "at least", static order => order >= 0)),
        new("format", $"one of {string.Join(", ", StringFormat.All.Select(static f => f.Name))}", Format),
        new("maxItems", Count, static argument => Items(argument, "at most", static order => order <= 0)),
        new("minItems", Count, static argument => Items(argument, "at least", static order => order >= 0)),
        new("uniqueItems", "true or false", UniqueItems),
    ];

    private static Assertion? Type(JsonValue argument)
    {
        JsonValue[] names = argument is JsonArray list ? [.. list.Items] : [argument];
        JsonTypes allowed = JsonTypes.None;
        var words = new List<string>();
        foreach (JsonValue name in names)
        {
            int known = name is JsonString text ? Array.FindIndex(Types, t => Encoding.UTF8.GetBytes(t.Name).AsSpan().SequenceEqual(text.Utf8)) : -1;
            if (known < 0 || words.Contains(Types[known].Words))
                return null;
            allowed |= Types[known].Type;
            words.Add(Types[known].Words);
        }
        return words.Count == 0 ? null
            : value => (value.Type & allowed) != 0 ? null : $"must be {string.Join(" or ", words)}, and is {value}";
    }

    private static Assertion? Enum(JsonValue argument)
    {
        if (argument is not JsonArray { Items.Length: >= 1 and <= PayloadSchema.EnumValuesMax } list)
            return null;
        JsonValue[] sorted = list.Items.ToArray();
        Array.Sort(sorted);
        for (int i = 1; i < sorted.Length; i++)
        {
            if (sorted[i].CompareTo(sorted[i - 1]) == 0)
                return null;
        }
        string shown = string.Join(", ", list.Items[..Math.Min(list.Items.Length, ShownValuesMax)].ToArray().Select(static v => v.ToString()));
        string rule = list.Items.Length > ShownValuesMax ? $"one of {list.Items.Length} values ({shown}, ...)" : $"one of {shown}";
        return value => Array.BinarySearch(sorted, value) >= 0 ? null : $"must be {rule}, and is {value}";
    }

    private static Assertion? Bound(JsonValue argument, string words, Predicate<int> holds) => argument is JsonNumber { Value: var bound }
        ? value => Violates(value, number => holds(number.CompareTo(bound)), $"{words} {bound}")
        : null;

    private static string? Violates(JsonValue value, Predicate<ExactNumber> holds, string rule) =>
        value is not JsonNumber number || holds(number.Value) ? null : $"must be {rule}, and is {number}";

    private static Assertion? Length(JsonValue argument, string words, Predicate<int> holds) => CountOf(argument) is { } bound
        ? value => value is not JsonString text || holds(text.CodePoints.CompareTo(bound))
            ? null : $"must have {words} {bound} characters, and has {text.CodePoints}"
        : null;

    private static Assertion? Items(JsonValue argument, string words, Predicate<int> holds) => CountOf(argument) is { } bound
        ? value => value is not JsonArray array || holds(array.Items.Length.CompareTo(bound))
            ? null : $"must have {words} {bound} items, and has {array.Items.Length}"
        : null;

    private static int? CountOf(JsonValue argument) => (argument as JsonNumber)?.Value.ToCount();

    private static Assertion? Format(JsonValue argument)
    {
        if (argument is not JsonString name || StringFormat.Find(name.Utf8) is not { } format)
            return null;
        return value => value is not JsonString text || format.Holds(text.Utf8) ? null : $"must be {format.Words}, and is {text}";
    }

    private static Assertion? UniqueItems(JsonValue argument)
    {
        if (argument == JsonLiteral.False)
            return static _ => null;
        return argument == JsonLiteral.True
            ? static value => value is JsonArray array && Repetition(array.Items) is (int first, int second)
                ? $"the items {first} and {second}, counted from 0, are the same" : null
            : null;
    }

    /// <summary>The first item that is the same as one before it, by sorting; null if all differ.</summary>
    private static (int First, int Second)? Repetition(ReadOnlySpan<JsonValue> items)
    {
        JsonValue[] values = items.ToArray();
        int[] order = [.. Enumerable.Range(0, values.Length)];
        Array.Sort(order, (a, b) => values[a].CompareTo(values[b]) is var difference and not 0 ? difference : a.CompareTo(b));
        (int First, int Second)? found = null;
        for (int i = 1; i < order.Length; i++)
        {
            if ((found is null || order[i] < found.Value.Second) && values[order[i]].CompareTo(values[order[i - 1]]) == 0)
                found = (order[i - 1], order[i]);
        }
        return found;
    }
}
