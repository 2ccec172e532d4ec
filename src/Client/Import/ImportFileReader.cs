using System.Text;
using GovChain.Core.Cryptography;
using GovChain.Core.Model;

namespace GovChain.Client.Import;

/// <summary>The format of a file to import.</summary>
internal enum ImportFormat
{
    /// <summary>One JSON event a line.</summary>
    Ndjson,

    /// <summary>A table with a header row.</summary>
    Csv,

    /// <summary>GOV.UK Register Serialisation Format.</summary>
    Rsf,
}

/// <summary>How to read a CSV file.</summary>
/// <param name="KeyColumn">The column with the record's id.</param>
/// <param name="OperationColumn">The column with register, amend or annul; null: every row registers.</param>
internal sealed record CsvOptions(string KeyColumn, string? OperationColumn);

/// <summary>Reads a whole file into events. A file with one bad line is refused whole, naming the line.</summary>
internal static class ImportFileReader
{
    /// <summary>The longest file that is read: its events are held in memory.</summary>
    public const long FileBytesMax = 1L << 30;

    /// <summary>The longest line.</summary>
    public const int LineBytesMax = 256 * 1024;

    /// <summary>The format that a file's name ends with; null where it tells none.</summary>
    public static ImportFormat? FormatOf(string path) => Path.GetExtension(path).ToLowerInvariant() switch
    {
        ".ndjson" or ".jsonl" => ImportFormat.Ndjson,
        ".csv" => ImportFormat.Csv,
        ".rsf" => ImportFormat.Rsf,
        _ => null,
    };

    /// <summary>Reads and checks the file.</summary>
    /// <exception cref="ImportFileException">It cannot be read, is too long, or a line breaks a rule.</exception>
    public static ImportFile Read(string path, ImportFormat format, CsvOptions? csv = null)
    {
        string name = Path.GetFileName(path);
        byte[] bytes = ReadAll(path, name);
        Digest digest = Sha256.Hash(bytes);
        return format switch
        {
            ImportFormat.Ndjson => NdjsonReader.Read(name, digest, bytes),
            ImportFormat.Rsf => RsfReader.Read(name, digest, bytes),
            ImportFormat.Csv => CsvTableReader.Read(
                name, digest, bytes, csv ?? throw new ImportFileException(name, 0, "CSV needs the name of the key column (--key-column).")),
            _ => throw new ArgumentOutOfRangeException(nameof(format)),
        };
    }

    /// <summary>The lines of a file, without their ends; a last line without an end counts.</summary>
    internal static IEnumerable<(int Number, ReadOnlyMemory<byte> Bytes)> Lines(string file, byte[] bytes)
    {
        int number = 0;
        for (int start = 0; start < bytes.Length;)
        {
            number++;
            int length = bytes.AsSpan(start).IndexOf((byte)'\n');
            int end = length < 0 ? bytes.Length : start + length;
            int trimmed = end > start && bytes[end - 1] == '\r' ? end - 1 : end;
            if (trimmed - start > LineBytesMax)
                throw new ImportFileException(file, number, $"the line is longer than {LineBytesMax} bytes.");
            yield return (number, bytes.AsMemory(start, trimmed - start));
            start = end + 1;
        }
    }

    /// <summary>The date part of a time stamp where it is one the ledger takes, else empty.</summary>
    internal static string DateOf(string timestamp)
    {
        string date = timestamp.Length > 10 ? timestamp[..10] : timestamp;
        return Identifiers.IsDate(date) ? date : "";
    }

    /// <summary>Checks a record id and the size of a payload, which every format has.</summary>
    internal static void Check(string file, int line, string recordId, ReadOnlyMemory<byte> payload)
    {
        if (!Identifiers.IsRecordId(recordId))
        {
            throw new ImportFileException(
                file, line, $"\"{Shorten(recordId)}\" is no record id: 1 to {Limits.RecordIdMax} of A-Z a-z 0-9 . _ : @ + ~ -.");
        }
        if (payload.Length > PayloadBytesMax)
            throw new ImportFileException(file, line, $"the record is {payload.Length} bytes long; {PayloadBytesMax} is the most.");
    }

    /// <summary>An envelope less 4 KiB for everything but the payload.</summary>
    private const int PayloadBytesMax = Limits.EnvelopeBytesMax - 4_096;

    internal static string Shorten(string text) => text.Length <= 60 ? text : text[..60] + "...";

    /// <summary>Strict UTF-8.</summary>
    internal static string Text(string file, int line, ReadOnlySpan<byte> bytes)
    {
        try
        {
            return StrictUtf8.GetString(bytes);
        }
        catch (DecoderFallbackException)
        {
            throw new ImportFileException(file, line, "the line is not valid UTF-8.");
        }
    }

    private static readonly UTF8Encoding StrictUtf8 = new(false, throwOnInvalidBytes: true);

    private static byte[] ReadAll(string path, string name)
    {
        try
        {
            if (!File.Exists(path))
                throw new ImportFileException(path, 0, Directory.Exists(path) ? "this is a folder." : "there is no such file.");
            if (new FileInfo(path).Length > FileBytesMax)
                throw new ImportFileException(name, 0, $"the file is longer than {FileBytesMax} bytes; split it.");
            return BoundedFile.Read(path, FileBytesMax);
        }
        catch (Exception e) when (e is IOException or UnauthorizedAccessException)
        {
            throw new ImportFileException(path, 0, $"the file cannot be read: {e.Message}");
        }
    }
}
