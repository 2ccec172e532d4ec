using System.Security.Cryptography;
using System.Text;
using System.Text.Json;

namespace GovChain.Tests.Integration;

/// <summary>A record as its file's events leave it.</summary>
/// <param name="Version">How many events it had.</param>
/// <param name="InForce">The last one was no cancellation.</param>
/// <param name="Payload">Of the last event that had one.</param>
internal sealed record FoldedRecord(ulong Version, bool InForce, byte[] Payload);

/// <summary>
/// What a file's events come to, computed without any of the product's code: nothing here reads as the importer reads.
/// </summary>
internal sealed class RegisterFold
{
    private readonly Dictionary<string, FoldedRecord> _records = new(StringComparer.Ordinal);

    /// <summary>The records, by key.</summary>
    public IReadOnlyDictionary<string, FoldedRecord> Records => _records;

    /// <summary>Events that register.</summary>
    public int Registered { get; private set; }

    /// <summary>Events that amend.</summary>
    public int Amended { get; private set; }

    /// <summary>Events that annul.</summary>
    public int Annulled { get; private set; }

    /// <summary>All events.</summary>
    public int Events => Registered + Amended + Annulled;

    /// <summary>Folds a file by what its name says it is.</summary>
    public static RegisterFold Of(string path) => path.EndsWith(".rsf", StringComparison.Ordinal) ? OfRsf(path) : OfNdjson(path);

    private static RegisterFold OfNdjson(string path)
    {
        var fold = new RegisterFold();
        foreach (string line in File.ReadLines(path))
        {
            byte[] bytes = Encoding.UTF8.GetBytes(line);
            string op = "", key = "";
            byte[] record = [];
            var reader = new Utf8JsonReader(bytes);
            reader.Read();
            while (reader.Read() && reader.TokenType == JsonTokenType.PropertyName)
            {
                string name = reader.GetString()!;
                reader.Read();
                int start = (int)reader.TokenStartIndex;
                reader.Skip();
                byte[] value = bytes[start..(int)reader.BytesConsumed];
                if (name == "op")
                    op = JsonSerializer.Deserialize<string>(value)!;
                else if (name == "key")
                    key = JsonSerializer.Deserialize<string>(value)!;
                else if (name == "record")
                    record = value;
            }
            fold.Apply(op, key, record);
        }
        return fold;
    }

    private static RegisterFold OfRsf(string path)
    {
        var fold = new RegisterFold();
        var items = new Dictionary<string, byte[]>();
        foreach (string line in File.ReadLines(path))
        {
            string[] fields = line.Split('\t');
            if (fields[0] == "add-item")
            {
                byte[] item = Encoding.UTF8.GetBytes(fields[1]);
                items["sha-256:" + Convert.ToHexStringLower(SHA256.HashData(item))] = item;
            }
            else if (fields is ["append-entry", "user", var key, _, var hash])
            {
                fold.Apply(fold._records.ContainsKey(key) ? "AMEND" : "REGISTER", key, items[hash]);
            }
        }
        return fold;
    }

    private void Apply(string op, string key, byte[] payload)
    {
        bool known = _records.TryGetValue(key, out FoldedRecord? before);
        ulong version = known ? before!.Version + 1 : 1;
        switch (op)
        {
            case "REGISTER" when !known || !before!.InForce:
                Registered++;
                _records[key] = new FoldedRecord(version, true, payload);
                break;
            case "AMEND" when known && before!.InForce:
                Amended++;
                _records[key] = new FoldedRecord(version, true, payload);
                break;
            case "CANCEL" when known && before!.InForce:
                Annulled++;
                _records[key] = new FoldedRecord(version, false, before.Payload);
                break;
            default:
                throw new InvalidDataException($"{op} of {key} does not follow from what came before it.");
        }
    }
}
