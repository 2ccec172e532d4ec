namespace GovChain.Core.Execution.Schemas;

/// <summary>What a keyword with its argument says of one value: null where it is kept, else what is wrong.</summary>
internal delegate string? Assertion(JsonValue value);

/// <summary>A member that an object of a schema knows by name.</summary>
internal readonly record struct SchemaProperty(ReadOnlyMemory<byte> Name, SchemaNode Schema);

/// <summary>
/// One schema object, read. Each value in a payload is judged by exactly one: there is no keyword by which a second could come to it.
/// </summary>
internal sealed class SchemaNode
{
    /// <summary>The assertions about a value alone, in the order in which they are asked.</summary>
    public required (string Keyword, Assertion Holds)[] Assertions { get; init; }

    /// <summary>Names that an object must have, in the order of the schema.</summary>
    public required ReadOnlyMemory<byte>[] Required { get; init; }

    /// <summary>Ascending by name.</summary>
    public required SchemaProperty[] Properties { get; init; }

    /// <summary>Judges members whose names <see cref="Properties"/> lacks; null: nothing does.</summary>
    public SchemaNode? Additional { get; init; }

    /// <summary>Whether there may be such members.</summary>
    public bool AllowsAdditional { get; init; } = true;

    /// <summary>Judges the items of an array; null: nothing does.</summary>
    public SchemaNode? Items { get; init; }

    /// <summary>The name below $defs that this schema stands for; null: for itself.</summary>
    public string? Reference { get; init; }

    /// <summary>Where <see cref="Reference"/> leads in the end: no reference any more. Set when the whole schema was read.</summary>
    public SchemaNode? Target { get; set; }

    /// <summary>The first violation in a value, by the order of docs/SPEC.md; null: there is none.</summary>
    /// <remarks>Goes as deep as the value, which the reader bounds.</remarks>
    public SchemaViolation? Check(JsonValue value)
    {
        if (Target is not null)
            return Target.Check(value);
        foreach ((string keyword, Assertion holds) in Assertions)
        {
            if (holds(value) is { } problem)
                return new SchemaViolation("", keyword, problem);
        }
        return value switch
        {
            JsonArray array => CheckItems(array),
            JsonObject @object => CheckRequired(@object) ?? CheckMembers(@object),
            _ => null,
        };
    }

    private SchemaViolation? CheckItems(JsonArray array)
    {
        if (Items is null)
            return null;
        for (int i = 0; i < array.Items.Length; i++)
        {
            if (Items.Check(array.Items[i]) is { } violation)
                return violation.Within(i);
        }
        return null;
    }

    private SchemaViolation? CheckRequired(JsonObject value)
    {
        foreach (ReadOnlyMemory<byte> name in Required)
        {
            if (value.Find(name.Span) is null)
                return new SchemaViolation("", "required", $"the member {JsonString.Show(name.Span)} is missing");
        }
        return null;
    }

    private SchemaViolation? CheckMembers(JsonObject value)
    {
        foreach ((ReadOnlyMemory<byte> name, JsonValue member) in value.Members)
        {
            int known = SortedNames.Find<SchemaProperty>(Properties, static p => p.Name, name.Span);
            SchemaViolation? violation = known >= 0
                ? Properties[known].Schema.Check(member)
                : AllowsAdditional
                    ? Additional?.Check(member)
                    : new SchemaViolation("", "additionalProperties", "there is no member of this name");
            if (violation is { } found)
                return found.Within(name.Span);
        }
        return null;
    }
}
