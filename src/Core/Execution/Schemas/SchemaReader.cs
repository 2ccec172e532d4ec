using System.Collections.Frozen;
using System.Text;

namespace GovChain.Core.Execution.Schemas;

/// <summary>
/// Reads a schema of the subset that docs/SPEC.md lists. What is not in the list is refused, for a keyword that one program heeds and
/// another passes over would give two verdicts.
/// </summary>
/// <remarks>For one schema. Methods return the first violation, its pointer counted from the value they were given.</remarks>
internal sealed class SchemaReader
{
    private const string DefinitionsPrefix = "#/$defs/";

    private const string Dialect = "https://json-schema.org/draft/2020-12/schema";

    private const int DefinitionNameMax = 64, KeywordCharactersMax = 64;

    private static readonly FrozenDictionary<string, int> AssertionIndexes =
        AssertionKeyword.All.Select(static (keyword, index) => (keyword.Name, index)).ToFrozenDictionary(static k => k.Name, static k => k.index, StringComparer.Ordinal);

    private readonly HashSet<string> _definitionNames = new(StringComparer.Ordinal);
    private readonly Dictionary<string, SchemaNode> _definitions = new(StringComparer.Ordinal);
    private readonly List<SchemaNode> _references = [];
    private int _schemas;

    /// <summary>Reads a whole schema.</summary>
    /// <param name="schema">Its JSON.</param>
    /// <param name="node">The schema, or null.</param>
    public static SchemaViolation? Read(JsonValue schema, out SchemaNode? node)
    {
        var reader = new SchemaReader();
        reader.NoteDefinitions(schema);
        return reader.ReadSchema(schema, "", isRoot: true, out node) ?? reader.Resolve();
    }

    /// <summary>References may come before what they name.</summary>
    private void NoteDefinitions(JsonValue schema)
    {
        if (schema is not JsonObject root || root.Find("$defs"u8) is not JsonObject definitions)
            return;
        foreach ((ReadOnlyMemory<byte> name, _) in definitions.Members)
            _definitionNames.Add(Text(name));
    }

    private SchemaViolation? ReadSchema(JsonValue value, string holder, bool isRoot, out SchemaNode? node)
    {
        node = null;
        if (value is not JsonObject schema)
            return new SchemaViolation("", holder, "must be a schema, which is an object");
        if (++_schemas > PayloadSchema.SubschemasMax)
            return new SchemaViolation("", holder, $"there are more than {PayloadSchema.SubschemasMax} schemas in this one");
        var parts = new Parts();
        foreach ((ReadOnlyMemory<byte> name, JsonValue argument) in schema.Members)
        {
            string keyword = Text(name);
            if (ReadKeyword(keyword, argument, isRoot, parts) is { } violation)
                return violation.Within(name.Span);
            if (keyword == "$ref" && schema.Members.ToArray().Any(static m => Text(m.Name) is not ("$ref" or "$defs" or "$schema" or "title" or "description")))
                return new SchemaViolation("/$ref", keyword, "beside it only title and description may stand");
        }
        node = parts.ToNode();
        if (node.Reference is not null)
            _references.Add(node);
        return null;
    }

    private SchemaViolation? ReadKeyword(string keyword, JsonValue argument, bool isRoot, Parts parts)
    {
        switch (keyword)
        {
            case "title" or "description":
                return Require(argument is JsonString, keyword, "a string");
            case "$schema":
                return Require(isRoot && argument is JsonString dialect && Text(dialect) == Dialect, keyword, $"\"{Dialect}\", at the root of a schema");
            case "$defs":
                return ReadDefinitions(argument, isRoot);
            case "$ref":
                parts.Reference = argument is JsonString target && Text(target) is var text && text.StartsWith(DefinitionsPrefix, StringComparison.Ordinal)
                    ? text[DefinitionsPrefix.Length..] : null;
                return Require(parts.Reference is not null && _definitionNames.Contains(parts.Reference), keyword, "\"#/$defs/\" and a name that stands there");
            case "items":
                return ReadSchema(argument, keyword, isRoot: false, out parts.Items);
            case "properties":
                return ReadProperties(argument, parts);
            case "required":
                parts.Required = NamesOf(argument);
                return Require(parts.Required is not null, keyword, "an array of strings, none twice");
            case "additionalProperties":
                parts.AllowsAdditional = argument != JsonLiteral.False;
                return argument is JsonLiteral { Type: JsonTypes.Boolean } ? null : ReadSchema(argument, keyword, isRoot: false, out parts.Additional);
            default:
                return ReadAssertion(keyword, argument, parts);
        }
    }

    private static SchemaViolation? ReadAssertion(string keyword, JsonValue argument, Parts parts)
    {
        if (!AssertionIndexes.TryGetValue(keyword, out int index))
        {
            string shown = keyword.Length <= KeywordCharactersMax ? keyword : JsonString.Cut(keyword, KeywordCharactersMax) + "...";
            return new SchemaViolation("", shown, "the ledger does not know this keyword");
        }
        AssertionKeyword known = AssertionKeyword.All[index];
        parts.Assertions[index] = known.Read(argument);
        return Require(parts.Assertions[index] is not null, keyword, known.Argument);
    }

    private SchemaViolation? ReadProperties(JsonValue argument, Parts parts)
    {
        if (argument is not JsonObject properties)
            return Require(false, "properties", "an object");
        parts.Properties = new SchemaProperty[properties.Members.Length];
        for (int i = 0; i < parts.Properties.Length; i++)
        {
            (ReadOnlyMemory<byte> name, JsonValue schema) = properties.Members[i];
            if (ReadSchema(schema, "properties", isRoot: false, out SchemaNode? node) is { } violation)
                return violation.Within(name.Span);
            parts.Properties[i] = new SchemaProperty(name, node!);
        }
        return null;
    }

    private SchemaViolation? ReadDefinitions(JsonValue argument, bool isRoot)
    {
        if (!isRoot || argument is not JsonObject definitions)
            return Require(false, "$defs", "an object at the root of a schema");
        foreach ((ReadOnlyMemory<byte> name, JsonValue schema) in definitions.Members)
        {
            string text = Text(name);
            SchemaNode? node = null;
            SchemaViolation? violation = Require(
                text.Length is >= 1 and <= DefinitionNameMax && text.All(static c => char.IsAsciiLetterOrDigit(c) || c is '.' or '_' or '-'),
                "$defs", $"named with 1 to {DefinitionNameMax} of A-Z a-z 0-9 . _ -");
            if ((violation ?? ReadSchema(schema, "$defs", isRoot: false, out node)) is { } found)
                return found.Within(name.Span);
            _definitions.Add(text, node!);
        }
        return null;
    }

    /// <summary>Leads every reference to its end.</summary>
    private SchemaViolation? Resolve()
    {
        foreach ((string name, SchemaNode definition) in _definitions.OrderBy(static d => d.Key, StringComparer.Ordinal))
        {
            if (EndOf(definition) is null)
                return new SchemaViolation($"/$defs/{name}/$ref", "$ref", "it leads back to itself");
        }
        foreach (SchemaNode reference in _references)
            reference.Target = EndOf(reference);
        return null;
    }

    /// <summary>Null if there is no end.</summary>
    private SchemaNode? EndOf(SchemaNode node)
    {
        for (int steps = 0; node.Reference is { } name; steps++)
        {
            if (steps > _definitions.Count)
                return null;
            node = _definitions[name];
        }
        return node;
    }

    private static ReadOnlyMemory<byte>[]? NamesOf(JsonValue argument)
    {
        if (argument is not JsonArray list)
            return null;
        var names = new ReadOnlyMemory<byte>[list.Items.Length];
        var seen = new HashSet<string>(StringComparer.Ordinal);
        for (int i = 0; i < names.Length; i++)
        {
            if (list.Items[i] is not JsonString name || !seen.Add(Text(name)))
                return null;
            names[i] = name.Utf8.ToArray();
        }
        return names;
    }

    private static SchemaViolation? Require(bool kept, string keyword, string rule) =>
        kept ? null : new SchemaViolation("", keyword, $"must be {rule}");

    private static string Text(ReadOnlyMemory<byte> utf8) => Encoding.UTF8.GetString(utf8.Span);

    private static string Text(JsonString text) => Encoding.UTF8.GetString(text.Utf8);

    /// <summary>A schema object while its members are read.</summary>
    private sealed class Parts
    {
        public readonly Assertion?[] Assertions = new Assertion?[AssertionKeyword.All.Count];
        public ReadOnlyMemory<byte>[]? Required;
        public SchemaProperty[] Properties = [];
        public SchemaNode? Additional;
        public SchemaNode? Items;
        public bool AllowsAdditional = true;
        public string? Reference;

        public SchemaNode ToNode()
        {
            var assertions = new List<(string, Assertion)>();
            for (int i = 0; i < Assertions.Length; i++)
            {
                if (Assertions[i] is { } holds)
                    assertions.Add((AssertionKeyword.All[i].Name, holds));
            }
            return new SchemaNode
            {
                Assertions = [.. assertions],
                Required = Required ?? [],
                Properties = Properties,
                Additional = Additional,
                AllowsAdditional = AllowsAdditional,
                Items = Items,
                Reference = Reference,
            };
        }
    }
}
