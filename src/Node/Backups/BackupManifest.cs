using System.Text.Json;
using System.Text.Json.Serialization;
using GovChain.Client;
using GovChain.Core.Cryptography;
using GovChain.Core.Model;
using GovChain.Node.Commands;

namespace GovChain.Node.Backups;

/// <summary>A file of a backup.</summary>
/// <param name="Path">Relative to the backup, with forward slashes.</param>
/// <param name="Bytes">Its length.</param>
/// <param name="Sha256">SHA-256 of its content, hexadecimal.</param>
internal sealed record BackupEntry(string Path, long Bytes, string Sha256);

/// <summary>
/// What a backup holds: <c>manifest.json</c>, written last, so that a directory without one is no backup. docs/OPERATIONS.md.
/// </summary>
internal sealed record BackupManifest
{
    /// <summary>The file's name.</summary>
    public const string FileName = "manifest.json";

    /// <summary>The format this program writes, and the only one it reads.</summary>
    public const int FormatVersion = 1;

    private const int FileBytesMax = 64 * 1024 * 1024;

    // 1 TiB: no file of a ledger is as long, and no sum of them overflows.
    private const long EntryBytesMax = 1L << 40;

    private static readonly JsonSerializerOptions Json = new()
    {
        PropertyNamingPolicy = JsonNamingPolicy.CamelCase,
        WriteIndented = true,
        RespectRequiredConstructorParameters = true,
        RespectNullableAnnotations = true,
        AllowDuplicateProperties = false,
        UnmappedMemberHandling = JsonUnmappedMemberHandling.Disallow,
    };

    /// <summary>The manifest's own format.</summary>
    public required int Format { get; init; }

    /// <summary>Whose node it was taken from.</summary>
    public required string Department { get; init; }

    /// <summary>The genesis digest.</summary>
    public required string ChainId { get; init; }

    /// <summary>The newest block in it.</summary>
    public required ulong Height { get; init; }

    /// <summary>Its hash.</summary>
    public required string HeaderHash { get; init; }

    /// <summary>Leaves of the log after it.</summary>
    public required ulong LogSize { get; init; }

    /// <summary>The log's root after it.</summary>
    public required string LogRoot { get; init; }

    /// <summary>The state's root after it.</summary>
    public required string StateRoot { get; init; }

    /// <summary>When it was taken, UTC.</summary>
    public required DateTimeOffset TakenAt { get; init; }

    /// <summary>The release of the node.</summary>
    public required string Software { get; init; }

    /// <summary>Every file but this one, by path.</summary>
    public required IReadOnlyList<BackupEntry> Files { get; init; }

    /// <summary>Length of all files.</summary>
    [JsonIgnore]
    public long Bytes => Files.Sum(static f => f.Bytes);

    /// <summary>As it is written.</summary>
    public byte[] ToBytes() => JsonSerializer.SerializeToUtf8Bytes(this, Json);

    /// <summary>Reads and checks the manifest of a backup.</summary>
    /// <exception cref="CommandException">There is none, or it cannot be used.</exception>
    public static BackupManifest Read(string directory)
    {
        string path = System.IO.Path.Combine(directory, FileName);
        try
        {
            if (!File.Exists(path))
                throw new CommandException(ExitCode.NotFound, $"{directory} is no backup: there is no {FileName} in it.");
            BackupManifest manifest = JsonSerializer.Deserialize<BackupManifest>(BoundedFile.Read(path, FileBytesMax), Json)
                ?? throw new CommandException(ExitCode.Storage, $"{path} is empty.");
            if (manifest.Format != FormatVersion)
            {
                throw new CommandException(ExitCode.Storage,
                    $"{path} has format {manifest.Format}; this program knows format {FormatVersion}. Run the program that wrote it.");
            }
            if (!Digest.TryParseHex(manifest.ChainId, out _) || manifest.Files.Any(static f => f is null || !IsSafe(f.Path) || f.Bytes is < 0 or > EntryBytesMax)
                || manifest.Files.DistinctBy(static f => f.Path).Count() != manifest.Files.Count)
                throw new CommandException(ExitCode.Storage, $"{path} is damaged: it names no ledger, or files that no backup has.");
            return manifest;
        }
        catch (JsonException e)
        {
            throw new CommandException(ExitCode.Storage, $"{path} is damaged: {JsonProblem.Explain(e)}");
        }
        catch (Exception e) when (e is IOException or UnauthorizedAccessException)
        {
            throw new CommandException(ExitCode.Storage, $"{path} cannot be read: {e.Message}");
        }
    }

    /// <summary>A path that stays within the backup, and has no other spelling.</summary>
    public static bool IsSafe(string path) =>
        path.Length is > 0 and <= 200
        && path.Split('/').All(static part => part.Length > 0 && part.Trim('.').Length > 0
            && part.All(static c => char.IsAsciiLetterOrDigit(c) || c is '.' or '-' or '_'));
}
