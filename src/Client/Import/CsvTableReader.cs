using System.Globalization;
using System.Text.Encodings.Web;
using System.Text.Json;
using CsvHelper;
using GovChain.Core.Cryptography;

namespace GovChain.Client.Import;

/// <summary>
/// RFC 4180 with a header row. A row becomes a JSON object of its columns, in their order, all strings; the operation
/// column is left out of it.
/// </summary>
internal static class CsvTableReader
{
    private static readonly JsonWriterOptions Plain = new() { Encoder = JavaScriptEncoder.UnsafeRelaxedJsonEscaping };

    private static readonly CsvReaderOptions Strict = new()
    {
        Separator = ',',
        MaxRecordSize = ImportFileReader.LineBytesMax,
        TrackLineNumbers = true,
        MalformedData = CsvMalformedDataHandling.Throw,
        FieldCountMismatch = CsvFieldCountHandling.Throw,
        IncludeValuesInExceptions = false,
        FormatProvider = CultureInfo.InvariantCulture,
    };

    /// <summary>The same table read by other columns gives other events: it is another import.</summary>
    private static Digest WithOptions(Digest file, CsvOptions options)
    {
        byte[] columns = JsonSerializer.SerializeToUtf8Bytes<string?[]>([options.KeyColumn, options.OperationColumn]);
        return Sha256.Hash([.. file.Span, .. columns]);
    }

    public static ImportFile Read(string file, Digest digest, byte[] bytes, CsvOptions options)
    {
        ImportFileReader.Text(file, 0, bytes); // strict UTF-8, or refused
        try
        {
            using CsvReader csv = CsvReader.Create(bytes, Strict);
            return new ImportFile(
                file, WithOptions(digest, options), "application/json", ReadRows(file, csv, options), "", "");
        }
        catch (CsvFormatException e)
        {
            throw new ImportFileException(file, checked((int)e.LineNumber), $"the row is no valid CSV: {e.Message}");
        }
    }

    private static List<ImportEvent> ReadRows(string file, CsvReader csv, CsvOptions options)
    {
        csv.ReadHeader();
        string[] header = [.. csv.Headers];
        if (header.Length == 0)
            throw new ImportFileException(file, 1, "the header row is missing.");
        if (header.Distinct(StringComparer.Ordinal).Count() != header.Length)
            throw new ImportFileException(file, 1, "two columns have one name.");
        int key = ColumnOf(file, header, options.KeyColumn);
        int operation = options.OperationColumn is { } name ? ColumnOf(file, header, name) : -1;
        var events = new List<ImportEvent>();
        while (csv.Read())
        {
            int line = checked((int)csv.LineNumber);
            ImportOperation op = operation < 0 ? ImportOperation.Register : OperationOf(file, line, csv.GetString(operation));
            string id = csv.GetString(key);
            byte[] payload = op == ImportOperation.Annul ? [] : ToJson(header, csv, operation);
            ImportFileReader.Check(file, line, id, payload);
            events.Add(new ImportEvent(line, op, id, payload, "", ""));
        }
        return events;
    }

    private static int ColumnOf(string file, string[] header, string name)
    {
        int index = Array.IndexOf(header, name);
        return index >= 0 ? index : throw new ImportFileException(
            file, 1, $"there is no column \"{name}\"; there are {string.Join(", ", header.Take(20))}.");
    }

    private static ImportOperation OperationOf(string file, int line, string value) => value.ToLowerInvariant() switch
    {
        "register" => ImportOperation.Register,
        "amend" => ImportOperation.Amend,
        "annul" or "cancel" => ImportOperation.Annul,
        _ => throw new ImportFileException(
            file, line, $"\"{ImportFileReader.Shorten(value)}\" is no operation; register, amend and annul are."),
    };

    private static byte[] ToJson(string[] header, CsvReader row, int left)
    {
        using var buffer = new MemoryStream();
        using (var json = new Utf8JsonWriter(buffer, Plain))
        {
            json.WriteStartObject();
            for (int i = 0; i < header.Length; i++)
            {
                if (i != left)
                    json.WriteString(header[i], row.GetString(i));
            }
            json.WriteEndObject();
        }
        return buffer.ToArray();
    }
}
