using System.Text;
using System.Text.Json;

namespace GovChain.Client;

/// <summary>What a record says.</summary>
/// <param name="Bytes">The content, kept byte for byte; with all else in the envelope at most 65,535 bytes.</param>
/// <param name="MediaType">What it is, for example text/plain.</param>
public sealed record RecordContent(ReadOnlyMemory<byte> Bytes, string MediaType)
{
    private const string JsonType = "application/json";

    private static readonly JsonDocumentOptions Strict = new() { AllowDuplicateProperties = false };

    /// <summary>JSON as it is written.</summary>
    /// <exception cref="JsonException">It is no JSON, or gives a name twice, of which two programs could read different ones.</exception>
    public static RecordContent Json(string text)
    {
        byte[] bytes = Encoding.UTF8.GetBytes(text);
        JsonDocument.Parse(bytes, Strict).Dispose();
        return new RecordContent(bytes, JsonType);
    }

    /// <summary>A value as JSON.</summary>
    /// <param name="value">The value.</param>
    /// <param name="options">How it is written; null: with camel-case names, as on the web.</param>
    public static RecordContent Json<T>(T value, JsonSerializerOptions? options = null) =>
        new(JsonSerializer.SerializeToUtf8Bytes(value, options ?? JsonSerializerOptions.Web), JsonType);

    /// <summary>The content as UTF-8 text.</summary>
    public override string ToString() => Encoding.UTF8.GetString(Bytes.Span);
}
