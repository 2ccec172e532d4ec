using System.Text.Json;
using GovChain.Core.Cryptography;
using GovChain.Core.Model;

namespace GovChain.Client.Import;

/// <summary>
/// GOV.UK Register Serialisation Format: tab-separated <c>add-item</c>, <c>append-entry</c> and
/// <c>assert-root-hash</c>. Every item named by an entry must have been added before, with that very hash. The first
/// entry of a key registers, later ones amend; an entry without items annuls. System entries describe the type.
/// </summary>
internal static class RsfReader
{
    private const string HashPrefix = "sha-256:";

    public static ImportFile Read(string file, Digest digest, byte[] bytes)
    {
        var reading = new Reading(file);
        foreach ((int number, ReadOnlyMemory<byte> line) in ImportFileReader.Lines(file, bytes))
            reading.Line(number, line);
        return new ImportFile(
            file, digest, "application/json", reading.Events, reading.Title, reading.Description);
    }

    private sealed class Reading(string file)
    {
        private readonly Dictionary<Digest, ReadOnlyMemory<byte>> _items = [];
        private readonly Dictionary<string, bool> _inForce = new(StringComparer.Ordinal);
        private bool _anyEntry;

        public List<ImportEvent> Events { get; } = [];

        public string Title { get; private set; } = "";

        public string Description { get; private set; } = "";

        public void Line(int number, ReadOnlyMemory<byte> line)
        {
            string text = ImportFileReader.Text(file, number, line.Span);
            string[] fields = text.Split('\t');
            switch (fields[0])
            {
                case "add-item" when fields.Length == 2:
                    AddItem(number, line["add-item\t".Length..]);
                    break;
                case "append-entry" when fields.Length == 5:
                    AppendEntry(number, fields[1], fields[2], fields[3], fields[4]);
                    break;
                case "assert-root-hash" when fields.Length == 2:
                    AssertRootHash(number, fields[1]);
                    break;
                default:
                    throw new ImportFileException(file, number,
                        $"\"{ImportFileReader.Shorten(fields[0])}\" with {fields.Length - 1} fields is no RSF command; add-item "
                        + "JSON, append-entry user|system KEY TIMESTAMP HASH and assert-root-hash HASH are known.");
            }
        }

        private void AddItem(int number, ReadOnlyMemory<byte> json)
        {
            try
            {
                using JsonDocument document = JsonDocument.Parse(
                    json, new JsonDocumentOptions { AllowDuplicateProperties = false, MaxDepth = 32 });
                if (document.RootElement.ValueKind != JsonValueKind.Object)
                    throw new ImportFileException(file, number, "the item is no JSON object.");
            }
            catch (JsonException e)
            {
                throw new ImportFileException(file, number, $"the item is no valid JSON: {JsonProblem.ExplainLine(e)}");
            }
            catch (InvalidOperationException)
            {
                throw new ImportFileException(file, number, "the item is no valid JSON: a name holds half of a surrogate pair.");
            }
            _items[Sha256.Hash(json.Span)] = json;
        }

        private void AppendEntry(int number, string scope, string key, string timestamp, string hashes)
        {
            _anyEntry = true;
            ReadOnlyMemory<byte>? item = ItemOf(number, hashes);
            if (scope == "system")
            {
                if (item is { } definition)
                    Describe(key, definition);
                return;
            }
            if (scope != "user")
                throw new ImportFileException(file, number, $"\"{ImportFileReader.Shorten(scope)}\" is neither user nor system.");
            ImportFileReader.Check(file, number, key, item ?? default);
            bool known = _inForce.TryGetValue(key, out bool inForce) && inForce;
            if (item is null && !known)
                throw new ImportFileException(file, number, $"the entry removes {key}, which is not in the register.");
            _inForce[key] = item is not null;
            ImportOperation operation = item is null ? ImportOperation.Annul
                : known ? ImportOperation.Amend : ImportOperation.Register;
            Events.Add(new ImportEvent(
                number, operation, key, item ?? default, ImportFileReader.DateOf(timestamp), ""));
        }

        private ReadOnlyMemory<byte>? ItemOf(int number, string hashes)
        {
            if (hashes.Length == 0)
                return null;
            if (hashes.Contains(';'))
                throw new ImportFileException(file, number, "the entry names several items; one record has one content.");
            if (!TryHash(hashes, out Digest hash))
                throw new ImportFileException(file, number, $"\"{ImportFileReader.Shorten(hashes)}\" is no sha-256 hash.");
            return _items.TryGetValue(hash, out ReadOnlyMemory<byte> item)
                ? item
                : throw new ImportFileException(file, number,
                    $"no item before this line has the hash {hashes}: an item was changed, or left out.");
        }

        /// <summary>The root of a register is computed over its entries' own encoding, which RSF does not carry; the
        /// empty register's is the one that can be checked.</summary>
        private void AssertRootHash(int number, string hash)
        {
            if (!TryHash(hash, out Digest root))
                throw new ImportFileException(file, number, $"\"{ImportFileReader.Shorten(hash)}\" is no sha-256 hash.");
            if (_anyEntry || root != Sha256.Hash([]))
            {
                throw new ImportFileException(file, number,
                    "only the root hash of the empty register can be checked here; remove the assertion after checking it "
                    + "with the register's own tools.");
            }
        }

        private void Describe(string key, ReadOnlyMemory<byte> definition)
        {
            using JsonDocument document = JsonDocument.Parse(definition);
            JsonElement root = document.RootElement;
            if (key is "name" or "register-name")
                Title = Member(root, key) ?? Member(root, "name") ?? Title;
            else if (key.StartsWith("register:", StringComparison.Ordinal))
                Description = Member(root, "text") ?? Description;
            if (Title.Length == 0 && key.StartsWith("register:", StringComparison.Ordinal))
                Title = key["register:".Length..];
        }

        private static string? Member(JsonElement root, string name)
        {
            try
            {
                return root.TryGetProperty(name, out JsonElement e) && e.ValueKind == JsonValueKind.String ? e.GetString() : null;
            }
            catch (InvalidOperationException)
            {
                return null; // half of a surrogate pair: no title
            }
        }

        private static bool TryHash(string text, out Digest hash)
        {
            hash = default;
            return text.StartsWith(HashPrefix, StringComparison.Ordinal)
                && Digest.TryParseHex(text[HashPrefix.Length..], out hash);
        }
    }
}
