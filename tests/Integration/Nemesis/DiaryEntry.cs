using System.Text.Json;
using System.Text.Json.Serialization;
using NUnit.Framework;

namespace GovChain.Tests.Integration.Nemesis;

/// <summary>What a line of a clerk's diary is about.</summary>
internal enum DiaryKind
{
    /// <summary>A transaction is about to be submitted for the first time.</summary>
    Asked,

    /// <summary>It is on the ledger.</summary>
    Told,

    /// <summary>It never will be.</summary>
    Refused,

    /// <summary>A record was read.</summary>
    Read,
}

/// <summary>One line of a clerk's diary. What does not apply is left out.</summary>
/// <param name="AtMs">When, UTC milliseconds.</param>
/// <param name="Kind">What about.</param>
/// <param name="Type">Of the record.</param>
/// <param name="Record">The record's id.</param>
/// <param name="Version">The version that is asked for, was made, or was read.</param>
/// <param name="Content">SHA-256 of the content, hexadecimal.</param>
internal sealed record DiaryEntry(long AtMs, DiaryKind Kind, string Type, string Record, ulong Version, string Content)
{
    private static readonly TimeSpan Look = TimeSpan.FromMilliseconds(50);

    private static readonly JsonSerializerOptions Json = new(JsonSerializerDefaults.Web)
    {
        DefaultIgnoreCondition = JsonIgnoreCondition.WhenWritingDefault,
        Converters = { new JsonStringEnumConverter() },
    };

    /// <summary>Of a transaction, in hexadecimal.</summary>
    public string TransactionId { get; init; } = "";

    /// <summary>Of a question: what was signed.</summary>
    public byte[] Envelope { get; init; } = [];

    /// <summary>Of a question: until when it can commit, UTC milliseconds.</summary>
    public ulong ExpiresAtMs { get; init; }

    /// <summary>Of an answer: the block.</summary>
    public ulong Height { get; init; }

    /// <summary>Of an answer: the place in the log.</summary>
    public ulong Position { get; init; }

    /// <summary>Of a refusal.</summary>
    public string Reason { get; init; } = "";

    /// <summary>Of a reading: whose node gave it.</summary>
    public string Node { get; init; } = "";

    /// <summary>Of a reading: the newest version that this clerk had been told of before it asked.</summary>
    public ulong KnownVersion { get; init; }

    /// <summary>Of an answer, as the checker compares it.</summary>
    public Acknowledgement ToAcknowledgement() => new(TransactionId, Height, Position, Type, Record, Version, Content);

    /// <summary>By one system call, so that whoever is killed loses no line.</summary>
    public void AppendTo(FileStream file) => file.Write([.. JsonSerializer.SerializeToUtf8Bytes(this, Json), (byte)'\n']);

    /// <summary>Waits until each clerk's diary says that a transaction of his is on the ledger; the diaries may still be written to, or not
    /// be there yet.</summary>
    /// <exception cref="AssertionException">One does not say so in time.</exception>
    public static async Task UntilEachIsToldAsync(IReadOnlyList<string> paths, TimeSpan patience, CancellationToken cancellation)
    {
        long begun = TimeProvider.System.GetTimestamp();
        string[] waiting;
        while ((waiting = [.. paths.Where(static p => !HasTold(p))]).Length > 0)
        {
            if (TimeProvider.System.GetElapsedTime(begun) > patience)
            {
                Assert.Fail($"No clerk was told anything in {string.Join(", ", waiting.Select(Path.GetFileName))} within "
                    + $"{patience.TotalSeconds:0} s, so the faults did not begin: this run says nothing about what faults do to records.");
            }
            await Task.Delay(Look, cancellation);
        }
    }

    /// <summary>All lines of a diary; none where there is no file.</summary>
    public static IEnumerable<DiaryEntry> Read(string path) => !File.Exists(path) ? [] : File.ReadLines(path)
        .Select(Parse);

    /// <summary>Its last line may be half written.</summary>
    private static bool HasTold(string path) => File.Exists(path) && ReadShared(path)[..^1].Any(static line => Parse(line).Kind == DiaryKind.Told);

    private static string[] ReadShared(string path)
    {
        using var reader = new StreamReader(new FileStream(path, FileMode.Open, FileAccess.Read, FileShare.ReadWrite));
        return reader.ReadToEnd().Split('\n');
    }

    private static DiaryEntry Parse(string line) => JsonSerializer.Deserialize<DiaryEntry>(line, Json)!;
}
