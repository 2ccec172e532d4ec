using System.Security.Cryptography;
using System.Text;
using System.Text.Json;

namespace GovChain.Tests.Integration;

/// <summary>The real registers that stand beside the checkout, whole or in part.</summary>
internal static class SharedRegisters
{
    public const string Divisions = "data/cn-admin-divisions/gb2260-mca-events.ndjson";
    public const string Domains = "data/us-dotgov/dotgov-domain-events.ndjson";
    public const string Countries = "data/govuk-registers/country-data.rsf";
    public const string Schools = "data/govuk-registers/school-data.rsf";

    /// <summary>Writes every event of about one key in <paramref name="oneIn"/>, in the file's order, so that a short
    /// part has amendments and cancellations like the whole.</summary>
    /// <param name="directory">Where to write.</param>
    /// <param name="shared">The file, inside the shared folder.</param>
    /// <param name="oneIn">1: every key.</param>
    public static string Part(string directory, string shared, int oneIn)
    {
        string source = SharedFolder.Require(shared);
        if (oneIn == 1)
            return source;
        string part = Path.Combine(directory, Path.GetFileName(source));
        File.WriteAllLines(part, File.ReadLines(source).Where(line =>
        {
            using JsonDocument e = JsonDocument.Parse(line);
            byte[] key = Encoding.UTF8.GetBytes(e.RootElement.GetProperty("key").GetString()!);
            return SHA256.HashData(key)[0] % oneIn == 0;
        }));
        return part;
    }
}
