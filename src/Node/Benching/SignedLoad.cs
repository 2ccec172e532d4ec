using System.Globalization;
using Google.Protobuf;
using GovChain.Client;
using GovChain.Client.Keys;
using GovChain.Core.Cryptography;
using GovChain.Protos.V1;

namespace GovChain.Node.Benching;

/// <summary>One department's envelopes, signed before any clock starts: each registers a record of its own.</summary>
/// <param name="WarmUp">Sent first, not measured.</param>
/// <param name="Measured">What is measured.</param>
internal sealed record SignedLoad(IReadOnlyList<SignedEnvelope> WarmUp, IReadOnlyList<SignedEnvelope> Measured)
{
    /// <summary>Ledgers take expiries up to an hour ahead unless they decided otherwise.</summary>
    private static readonly TimeSpan Validity = TimeSpan.FromMinutes(55);

    /// <summary>Letters that do not compress to nothing, as a counter or a constant would.</summary>
    private static readonly byte[] Letters = "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789-_"u8.ToArray();

    /// <summary>Signs a department's share on every core.</summary>
    /// <param name="department">Index of the department.</param>
    /// <param name="options">Sizes and counts.</param>
    /// <param name="chainId">The ledger.</param>
    /// <param name="clerk">Who signs.</param>
    /// <param name="type">The record type.</param>
    /// <param name="signed">Told after each signature; from several threads.</param>
    /// <param name="cancellation">Ends the signing.</param>
    public static SignedLoad Sign(
        int department, LoadOptions options, Digest chainId, ISigner clerk, string type, Action signed,
        CancellationToken cancellation)
    {
        var factory = new TransactionFactory(chainId, clerk);
        ulong expiry = (ulong)(DateTimeOffset.UtcNow + Validity).ToUnixTimeMilliseconds();
        int warmUp = ShareOf(department, options.WarmUpRecords, options.Departments);
        var envelopes = new SignedEnvelope[warmUp + ShareOf(department, options.Records, options.Departments)];
        Parallel.For(0, envelopes.Length, new ParallelOptions { CancellationToken = cancellation }, i =>
        {
            var change = new RecordChange
            {
                Record = new RecordName { Type = type, Id = string.Create(CultureInfo.InvariantCulture, $"R-{i:D7}") },
                Payload = new Payload
                {
                    Inline = new InlinePayload
                    {
                        MediaType = "application/json",
                        Content = UnsafeByteOperations.UnsafeWrap(Content(options.ContentBytes, SeedOf(options.Seed, department, i))),
                    },
                },
            };
            envelopes[i] = factory.Create(body => body.Register = change, expiry);
            signed();
        });
        return new SignedLoad(envelopes[..warmUp], envelopes[warmUp..]);
    }

    /// <summary>How many of <paramref name="total"/> fall to a department; the first ones take the remainder.</summary>
    public static int ShareOf(int department, int total, int departments) =>
        total / departments + (department < total % departments ? 1 : 0);

    private static int SeedOf(int seed, int department, int index) =>
        unchecked((seed * 31 + department) * LoadOptions.RecordsMax + index);

    /// <summary>A JSON object of exactly this many bytes.</summary>
    public static byte[] Content(int bytes, int seed)
    {
        ReadOnlySpan<byte> head = "{\"content\":\""u8;
        ReadOnlySpan<byte> tail = "\"}"u8;
        byte[] content = new byte[bytes];
        head.CopyTo(content);
        tail.CopyTo(content.AsSpan(bytes - tail.Length));
        new Random(seed).GetItems(Letters, content.AsSpan(head.Length..(bytes - tail.Length)));
        return content;
    }
}
