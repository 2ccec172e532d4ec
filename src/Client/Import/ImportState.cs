using System.Text;
using System.Text.Json;
using System.Text.Json.Serialization;
using GovChain.Core.Cryptography;
using GovChain.Core.Model;
using GovChain.Storage;

namespace GovChain.Client.Import;

/// <summary>What became of an event.</summary>
/// <param name="Event">Its index in the file.</param>
/// <param name="TransactionId">Where it was committed; null where it was refused.</param>
/// <param name="Position">In the log, where it was committed.</param>
/// <param name="Code">Why it was refused; null where it was committed.</param>
/// <param name="Message">The same for people.</param>
internal sealed record ImportResult(int Event, string? TransactionId, ulong Position, string? Code, string? Message);

/// <summary>A signing of an event: with the file's digest it fixes the transaction id.</summary>
internal sealed record ImportAttempt(int Event, int Attempt, ulong ExpiresAtMs);

/// <summary>A record that stood on the ledger before the import began.</summary>
internal sealed record ImportBase(string Key, ulong Version, bool InForce);

/// <summary>
/// The import's memory: a file of JSON lines that only grows. Each signing is on disk before its envelope is sent, so an
/// import that is interrupted at any point goes on, and never makes two versions of one event.
/// </summary>
internal sealed class ImportState : IDisposable
{
    private const string Format = "govchain-import-1";
    private static readonly JsonSerializerOptions Json = new()
    {
        DefaultIgnoreCondition = JsonIgnoreCondition.WhenWritingNull,
        PropertyNamingPolicy = JsonNamingPolicy.CamelCase,
        AllowDuplicateProperties = false,
        MaxDepth = 8,
        UnmappedMemberHandling = JsonUnmappedMemberHandling.Disallow, // a damaged name must not make a line say nothing
    };

    private readonly FileStream _file;
    private readonly Dictionary<int, List<ImportAttempt>> _attempts = [];
    private readonly Dictionary<int, ImportResult> _results = [];
    private readonly Dictionary<string, ImportBase> _base = new(StringComparer.Ordinal);

    private ImportState(FileStream file) => _file = file;

    /// <summary>What became of each event that has ended, by its index.</summary>
    public IReadOnlyDictionary<int, ImportResult> Results => _results;

    /// <summary>The records that stood on the ledger before.</summary>
    public IReadOnlyDictionary<string, ImportBase> Base => _base;

    /// <summary>The base is complete: nothing was sent before it was.</summary>
    public bool HasBase { get; private set; }

    /// <summary>Opens the memory of an earlier run, or begins one.</summary>
    /// <exception cref="ImportFileException">The file belongs to another import, is in use, or cannot be written.
    /// </exception>
    public static ImportState Open(string path, Digest chainId, string type, Digest fileDigest, PublicKey signer)
    {
        try
        {
            Directory.CreateDirectory(Path.GetDirectoryName(Path.GetFullPath(path))!);
            BoundedFile.RequireFile(path);
            var file = new FileStream(path, FileMode.OpenOrCreate, FileAccess.ReadWrite, FileShare.None);
            var state = new ImportState(file);
            try
            {
                DataSync.SyncNamesAbove(Path.GetFullPath(path), strict: false); // a memory without its name is none
                state.Load(path, new Line
                {
                    Format = Format,
                    ChainId = chainId.ToString(),
                    Type = type,
                    File = fileDigest.ToString(),
                    Signer = signer.ToString(),
                });
                return state;
            }
            catch
            {
                file.Dispose();
                throw;
            }
        }
        catch (Exception e) when (e is IOException or UnauthorizedAccessException)
        {
            throw new ImportFileException(path, 0, $"the import's state cannot be opened (is the same import running?): {e.Message}");
        }
    }

    /// <summary>The signings of an event, oldest first.</summary>
    public IReadOnlyList<ImportAttempt> AttemptsOf(int index) =>
        _attempts.TryGetValue(index, out List<ImportAttempt>? attempts) ? attempts : [];

    /// <summary>Writes the records found on the ledger, before anything is sent.</summary>
    public void SetBase(IEnumerable<ImportBase> records)
    {
        foreach (ImportBase record in records)
        {
            _base[record.Key] = record;
            Append(new Line { Base = record });
        }
        Append(new Line { BaseComplete = true });
        HasBase = true;
        Sync();
    }

    /// <summary>Adds a signing. It may be sent after <see cref="Sync"/>.</summary>
    public void Add(ImportAttempt attempt)
    {
        Remember(attempt);
        Append(new Line { Attempt = attempt });
    }

    /// <summary>Adds an event's end.</summary>
    public void Add(ImportResult result)
    {
        _results[result.Event] = result;
        Append(new Line { Result = result });
    }

    /// <summary>Makes everything added so far durable.</summary>
    public void Sync() => DataSync.Sync(_file);

    /// <inheritdoc/>
    public void Dispose() => _file.Dispose();

    private void Load(string path, Line header)
    {
        byte[] bytes = new byte[_file.Length];
        _file.ReadExactly(bytes);
        int whole = bytes.AsSpan().LastIndexOf((byte)'\n') + 1; // a torn last line was never acted on
        int number = 0;
        foreach (string text in Encoding.UTF8.GetString(bytes, 0, whole).Split('\n', StringSplitOptions.RemoveEmptyEntries))
        {
            Line line = Parse(path, ++number, text);
            if (number == 1 && line != header)
            {
                throw new ImportFileException(path, 1,
                    "this state belongs to another import (ledger, type, file or officer differ); name another with --state.");
            }
            Apply(line);
        }
        _file.SetLength(whole);
        // What an earlier run could not sync may be read back from memory alone, and no later sync would write it. The same bytes in
        // the same place: whichever of them a power cut leaves, they are right.
        _file.Position = 0;
        _file.Write(bytes, 0, whole);
        if (number == 0)
            Append(header);
        Sync();
    }

    private void Apply(Line line)
    {
        if (line.Base is { } record)
            _base[record.Key] = record;
        if (line.BaseComplete == true)
            HasBase = true;
        if (line.Attempt is { } attempt)
            Remember(attempt);
        if (line.Result is { } result)
            _results[result.Event] = result;
    }

    private void Remember(ImportAttempt attempt)
    {
        if (!_attempts.TryGetValue(attempt.Event, out List<ImportAttempt>? attempts))
            _attempts[attempt.Event] = attempts = [];
        attempts.Add(attempt);
    }

    private void Append(Line line)
    {
        _file.Write(JsonSerializer.SerializeToUtf8Bytes(line, Json));
        _file.WriteByte((byte)'\n');
    }

    private static Line Parse(string path, int number, string text)
    {
        try
        {
            return JsonSerializer.Deserialize<Line>(text, Json) is { Base: not { Key: null } } line
                ? line
                : throw new ImportFileException(path, number, "the import's state is damaged: the line says nothing.");
        }
        catch (JsonException e)
        {
            throw new ImportFileException(path, number, $"the import's state is damaged: {JsonProblem.ExplainLine(e)}");
        }
    }

    private sealed record Line
    {
        public string? Format { get; init; }

        public string? ChainId { get; init; }

        public string? Type { get; init; }

        public string? File { get; init; }

        public string? Signer { get; init; }

        public ImportBase? Base { get; init; }

        public bool? BaseComplete { get; init; }

        public ImportAttempt? Attempt { get; init; }

        public ImportResult? Result { get; init; }
    }
}
