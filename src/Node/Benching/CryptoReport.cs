using System.Text.Json.Nodes;
using GovChain.Core.Cryptography.Engine;

namespace GovChain.Node.Benching;

/// <summary>What <c>bench crypto</c> showed.</summary>
/// <param name="Best">The path that a node takes here.</param>
/// <param name="LibraryName">The file of libsecp256k1; null where the system has none.</param>
/// <param name="Microseconds">Microseconds an operation, by name.</param>
/// <param name="Ratios">How many times faster the engine is, by name; null where the yardstick is missing.</param>
internal sealed record CryptoReport(
    EnginePath Best, string? LibraryName, IReadOnlyDictionary<string, double> Microseconds, IReadOnlyDictionary<string, double?> Ratios)
{
    /// <summary>Names of figures.</summary>
    public const string Platform = "platform's ECDSA", Library = "libsecp256k1, key parsed",
        LibraryParse = "libsecp256k1, key parsed each time", Decompression = "key decompression, batch of 256",
        DecompressionAlone = "key decompression, one alone", Table = "table for one signer";

    /// <summary>For scripts: a ratio without its yardstick is absent.</summary>
    public JsonObject ToJson() => new()
    {
        ["path"] = Best.ToString(),
        ["libsecp256k1"] = LibraryName,
        ["processors"] = Environment.ProcessorCount,
        ["tableBytes"] = EngineVerifier.TableBytes,
        ["microseconds"] = new JsonObject(Microseconds.Select(static f => KeyValuePair.Create(f.Key, (JsonNode?)Math.Round(f.Value, 2)))),
        ["ratios"] = new JsonObject(Ratios.Where(static r => r.Value is not null)
            .Select(static r => KeyValuePair.Create(r.Key, (JsonNode?)Math.Round(r.Value!.Value, 2)))),
    };
}
